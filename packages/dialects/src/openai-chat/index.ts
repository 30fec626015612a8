import type { Dialect } from '../dialect.ts';
import { decodeError, encodeError, encodeStreamError } from './errors.ts';
import { lossesOf } from '../losses.ts';
import { FEATURES_OPENAI_CHAT } from './features.ts';
import { CARRIER } from './generated.ts';
import { passThrough } from './pass-through.ts';
import { probe } from './probe.ts';
import { decodeRequest } from './request-decode.ts';
import { encodeRequest } from './request-encode.ts';
import { decodeResponse, encodeResponse } from './response.ts';
import { streamDecoder } from './stream-decode.ts';
import { streamEncoder } from './stream-encode.ts';

/** OpenAI Chat Completions, `POST /v1/chat/completions` (source: OpenAI API reference). */
export const openaiChat: Dialect = {
  id: 'openai-chat',
  framing: 'sse',
  features: FEATURES_OPENAI_CHAT,
  probe,
  decodeRequest,
  encodeRequest,
  decodeResponse,
  encodeResponse,
  lost: (response) => lossesOf(response, CARRIER).names,
  streamDecoder,
  streamEncoder,
  decodeError,
  encodeError,
  encodeStreamError,
  passThrough,
};
