import type { Dialect } from '../dialect.ts';
import { lossesOf } from '../losses.ts';
import { decodeError, encodeError, encodeStreamError } from './errors.ts';
import { FEATURES_ANTHROPIC_MESSAGES } from './features.ts';
import { passThrough } from './pass-through.ts';
import { probe } from './probe.ts';
import { decodeRequest } from './request-decode.ts';
import { encodeRequest } from './request-encode.ts';
import { CARRIER, decodeResponse, encodeResponse } from './response.ts';
import { streamDecoder } from './stream-decode.ts';
import { streamEncoder } from './stream-encode.ts';

/** Anthropic Messages, `POST /v1/messages` (source: Anthropic API reference and the types of its official SDK). */
export const anthropicMessages: Dialect = {
  id: 'anthropic-messages',
  framing: 'sse',
  features: FEATURES_ANTHROPIC_MESSAGES,
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
