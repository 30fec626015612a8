import type { ProviderDialect } from '../dialect.ts';
import { decodeError } from './errors.ts';
import { FEATURES_GEMINI } from './features.ts';
import { encodeRequest } from './request-encode.ts';
import { decodeResponse } from './response.ts';
import { streamDecoder } from './stream-decode.ts';

/** Gemini API, `models/*:generateContent` and `:streamGenerateContent?alt=sse`, v1beta. A shape of providers only. */
export const gemini: ProviderDialect = {
  id: 'gemini',
  framing: 'sse',
  features: FEATURES_GEMINI,
  encodeRequest,
  decodeResponse,
  streamDecoder,
  decodeError,
};
