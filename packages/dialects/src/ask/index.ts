import type { IngressDialect } from '../dialect.ts';
import { lossesOf } from '../losses.ts';
import { encodeError, encodeStreamError } from './errors.ts';
import { decodeRequest, probe } from './request.ts';
import { CARRIER, encodeResponse } from './response.ts';
import { streamEncoder } from './stream.ts';

export { encodePlan } from './stream.ts';

/** The router's own shape, `POST /v1/ask`: see `docs/protocol/ask.md`. No provider speaks it. */
export const ask: IngressDialect = {
  id: 'ask',
  probe,
  decodeRequest,
  encodeResponse,
  lost: (response) => lossesOf(response, CARRIER).names,
  streamEncoder,
  encodeError,
  encodeStreamError,
};
