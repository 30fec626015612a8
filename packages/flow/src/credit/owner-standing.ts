import type { AccountLedger } from '../account-ledger.ts';
import { outOf } from '../account.ts';
import { NOTHING } from '../amounts.ts';
import type { Standing, Want } from './messages.ts';
import type { OwnerWorker } from './owner-worker.ts';
import { isNothing, minus, positive } from './sums.ts';

/** What others than a worker have at accounts where it has slots, where it has changed since the worker was told. */
export function standingsOf(
  ledger: AccountLedger,
  worker: OwnerWorker,
  at: readonly Pick<Standing, 'account' | 'day'>[],
): readonly Standing[] {
  const standings: Standing[] = [];
  for (const { account, day } of at) {
    const slot = worker.peek(account, day);
    if (slot === undefined) continue;
    const used = positive(minus(ledger.usedOn(account, day) ?? NOTHING, slot.known));
    const out = positive(minus(outOf(ledger.windows(account)), slot.credit));
    const { told } = slot;
    if (told !== undefined && isNothing(minus(used, told.used)) && isNothing(minus(out, told.out))) continue;
    slot.told = { used, out };
    standings.push({ account, day, used, out });
  }
  return standings;
}

/** Accounts that a want asks. */
export function accountsOn({ parts }: Want, day: number): readonly Pick<Standing, 'account' | 'day'>[] {
  return parts.flatMap(({ accounts }) => accounts.map((account) => ({ account, day })));
}
