import type { IngressDialect, ProviderDialect } from '../dialect.ts';
import { lossesOf } from '../losses.ts';
import { encodeError, encodeStreamError } from './errors.ts';
import { decodeError } from './errors-decode.ts';
import { FEATURES_ASK } from './features.ts';
import { encodeRequest } from './request-encode.ts';
import { decodeRequest, probe } from './request.ts';
import { decodeResponse } from './response-decode.ts';
import { CARRIER, encodeResponse } from './response.ts';
import { streamDecoder } from './stream-decode.ts';
import { streamEncoder } from './stream.ts';

export { encodePlan } from './stream.ts';

/**
 * The router's own shape, `POST /v1/ask`: see `docs/protocol/ask.md`. Agents and other routers speak it as providers. An
 * answer is always made anew and never relayed as it came: it tells the plan and the cost of this router's call.
 */
export const ask: IngressDialect & ProviderDialect = {
  id: 'ask',
  framing: 'sse',
  features: FEATURES_ASK,
  probe,
  decodeRequest,
  encodeRequest,
  decodeResponse,
  streamDecoder,
  decodeError,
  encodeResponse,
  lost: (response) => lossesOf(response, CARRIER).names,
  streamEncoder,
  encodeError,
  encodeStreamError,
};
