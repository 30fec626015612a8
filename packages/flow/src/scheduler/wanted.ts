import type { AccountLedger } from '../account-ledger.ts';
import { type Amounts, NOTHING, plus } from '../amounts.ts';
import type { Pool } from './pool.ts';
import { accountsOf, type Ticket } from './ticket.ts';

/** Demands of a tier that are looked at: more than these need not have room made for them at one time. */
const LOOKED_AT = 64;

/**
 * What those of a tier who wait at an account want there together, until it is as much as `most`: room is made for all of
 * them at one time, so that they need not wait for one another. The first in line counts before all others: where it fills
 * what its tier may claim, nobody is stopped for those behind it. A demand that another of its accounts has no room for does
 * not count: what was stopped for it would have been stopped in vain. Once it has room there it counts when something happens
 * here, at the latest when the first one begins: who waits for which account beside its own is not kept.
 */
export function wantedAt<T>(pool: Pool<T>, head: Ticket<T>, most: Amounts, ledger: AccountLedger): Amounts {
  const left = new Map<string, Left>();
  let looked_at = 0;
  let sum = demandAt(head, pool.account) ?? NOTHING;
  fitsElsewhere(head, pool.account, left, ledger);
  for (let place = pool.queue.newest(head.key.qos); place !== undefined; place = place.older) {
    if (looked_at === LOOKED_AT) break;
    if (sum.calls >= most.calls || sum.tokens >= most.tokens || sum.usd_nanos >= most.usd_nanos) break;
    looked_at += 1;
    const amounts = place.owner === head ? undefined : demandAt(place.owner, pool.account);
    if (amounts === undefined || !fitsElsewhere(place.owner, pool.account, left, ledger)) continue;
    sum = plus(sum, amounts);
  }
  return sum;
}

/** What a demand reserves at an account; undefined when it does not, or has another reservation grow there. */
export function demandAt<T>(ticket: Ticket<T>, account: string): Amounts | undefined {
  const part = ticket.partAt(account);
  return part?.kind === 'reserve' ? part.amounts : undefined;
}

interface Left {
  calls: number;
  tokens: number;
}

/** Whether its other accounts have room beside those that were asked for before; takes it. */
function fitsElsewhere<T>(ticket: Ticket<T>, here: string, left: Map<string, Left>, ledger: AccountLedger): boolean {
  const taken: (readonly [Left, Amounts])[] = [];
  for (const part of ticket.parts) {
    if (part.kind !== 'reserve') continue;
    for (const account of accountsOf(part)) {
      const windows = account === here ? undefined : ledger.windows(account);
      if (windows === undefined) continue;
      const room = left.get(account) ?? {
        calls: windows.max_parallel - windows.out_calls,
        tokens: windows.max_tokens - windows.out_tokens,
      };
      left.set(account, room);
      if (room.calls < part.amounts.calls || room.tokens < part.amounts.tokens) return false;
      taken.push([room, part.amounts]);
    }
  }
  for (const [room, { calls, tokens }] of taken) {
    room.calls -= calls;
    room.tokens -= tokens;
  }
  return true;
}
