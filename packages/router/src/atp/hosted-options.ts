import type { KeptSession } from '@atp-router/adapters';
import type { SessionOptions } from '@atp-router/session';
import type { SessionHubOptions } from './hub-types.ts';

const MIB = 1_048_576;

/**
 * Less than what a session may keep by itself, because a router has many. Calls whose client does not read stop at these
 * four megabytes of answers, which fill a way of 300 Mbit/s and 100 ms; one larger message is taken all the same.
 */
const LIMITS = { outbox_bytes: 4 * MIB, flight_bytes: 4 * MIB, waiting_bytes: 16 * MIB };

/** With what a session of this router begins, or is taken up again. */
export function hostedOptions(
  { ports, node_id, flow, signingOf, kept, checksums }: SessionHubOptions,
  session: KeptSession,
): SessionOptions {
  const signing = signingOf(session);
  return {
    ...(signing && { signing }),
    features: [...(signing ? ['sig'] : []), ...(checksums ? ['checksum'] : [])],
    ...{ role: 'server', ports, session_id: session.session_id, node_id, limits: LIMITS },
    ...{ encodings: ['cbor', 'json'], window: flow.windowOf(session), durable: kept !== undefined },
  };
}
