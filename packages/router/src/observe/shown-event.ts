import type { RouterEvent } from '@atp-router/ledger';
import { MASK } from '../admin/mask.ts';
import type { ShownEvent } from '../processes/other-processes.ts';

/** An event without what is long or not for eyes: sealed answers, hashes of keys. */
export function shownEvent(event: RouterEvent): ShownEvent {
  if (event.type === 'idempotency.stored' || event.type === 'consensus.ended') {
    const { sealed, ...rest } = event;
    return { ...rest, stored: sealed !== '' };
  }
  if (event.type === 'consensus.learned') {
    const { sealed: _, ...rest } = event;
    return rest;
  }
  if (event.type === 'feedback.given' || event.type === 'route.feedback') {
    const { body_hash: _, ...rest } = event;
    return rest;
  }
  if (event.type === 'entity.put' && event.kind === 'key') return { ...event, value: { ...event.value, hash: MASK } };
  return { ...event };
}
