import type { Qos } from '@atp-router/kernel';
import type { AccountLedger } from '../account-ledger.ts';
import { type Amounts, NOTHING, plus } from '../amounts.ts';
import type { Pool } from './pool.ts';
import { accountsOf, type Ticket } from './ticket.ts';

/** Demands of a tier that are looked at: more than these need not have room made for them at one time. */
const LOOKED_AT = 64;

/**
 * What those of a tier who wait at an account want there together, until it is as much as `most`: room is made for all of
 * them at one time, so that they need not wait for one another. A demand that another of its accounts has no room for does
 * not count: what was stopped for it would have been stopped in vain.
 */
export function wantedAt<T>(pool: Pool<T>, qos: Qos, most: Amounts, ledger: AccountLedger): Amounts {
  const left = new Map<string, Left>();
  let looked_at = 0;
  let sum = NOTHING;
  for (let place = pool.queue.newest(qos); place !== undefined && looked_at < LOOKED_AT; place = place.older) {
    if (sum.calls >= most.calls || sum.tokens >= most.tokens || sum.usd_nanos >= most.usd_nanos) break;
    looked_at += 1;
    const amounts = demandAt(place.owner, pool.account);
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
