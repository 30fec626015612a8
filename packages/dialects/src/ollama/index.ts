import type { ProviderDialect } from '../dialect.ts';
import { decodeError } from './errors.ts';
import { FEATURES_OLLAMA } from './features.ts';
import { encodeRequest } from './request-encode.ts';
import { decodeResponse } from './response.ts';
import { streamDecoder } from './stream-decode.ts';

/** Ollama, `POST /api/chat`, streams as lines of JSON. A shape of providers only. */
export const ollama: ProviderDialect = {
  id: 'ollama',
  framing: 'ndjson',
  features: FEATURES_OLLAMA,
  encodeRequest,
  decodeResponse,
  streamDecoder,
  decodeError,
};
