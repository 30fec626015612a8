import type { Sent } from '../contract.ts';
import { Violation } from '../core.ts';
import type { OutMessage } from '../streams/stream.ts';

/** An `OutMessage` before it is sent. */
export const FRESH: Pick<OutMessage, 'sends' | 'first_t' | 'last_t' | 'due_t' | 'acked_up_to' | 'in_flight'> = {
  sends: 0,
  first_t: 0,
  last_t: 0,
  due_t: 0,
  acked_up_to: -1,
  in_flight: false,
};

/** How it went out, as its acknowledgement tells. */
export function sentAs({ frames, first_t, sends }: OutMessage, t: number): Sent {
  return { fragments: frames.length, ms: t - first_t, sends };
}

/** An acknowledgement of what this end has not sent. */
export function neverSent(): Violation {
  return new Violation('Messages were acknowledged that were not sent.', { whole_session: true });
}
