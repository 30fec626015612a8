import { type Amounts, NOTHING } from '../amounts.ts';
import type { OwnerBody } from './messages.ts';
import { DIMENSIONS, isNothing, minus, plus, positive } from './sums.ts';
import type { CreditTicket } from './worker-ticket.ts';

/**
 * Which calls to stop for somebody of a better tier: of the tier that the owner names, the oldest first, those that hold some
 * of what is needed at the account and no more than may go.
 */
export function stopsFor<T>(
  running: Iterable<CreditTicket<T>>,
  { account, qos, need, most }: Extract<OwnerBody, { type: 'preempt' }>,
): { readonly stops: readonly CreditTicket<T>[]; readonly amounts: Amounts } {
  const stops: CreditTicket<T>[] = [];
  let short = need;
  let amounts = NOTHING;
  for (const ticket of running) {
    if (isNothing(short)) break;
    if (ticket.key.qos !== qos || !ticket.is_preemptible || ticket.is_stopping) continue;
    const held = heldAt(ticket, account);
    if (!DIMENSIONS.some((of) => short[of] > 0 && held[of] > 0)) continue;
    const given = plus(amounts, held);
    if (DIMENSIONS.some((of) => given[of] > (most[of] ?? Number.POSITIVE_INFINITY))) continue;
    ticket.is_stopping = true;
    stops.push(ticket);
    amounts = given;
    short = positive(minus(short, held));
  }
  return { stops, amounts };
}

export function heldAt<T>(ticket: CreditTicket<T>, account: string): Amounts {
  return ticket.held.reduce(
    (sum, { accounts, amounts, is_open }) => (is_open && accounts.includes(account) ? plus(sum, amounts) : sum),
    NOTHING,
  );
}
