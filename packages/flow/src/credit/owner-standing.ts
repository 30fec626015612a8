import type { AccountLedger } from '../account-ledger.ts';
import { type Amounts, NOTHING } from '../amounts.ts';
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
    const windows = ledger.windows(account);
    const all: Amounts =
      windows === undefined
        ? NOTHING
        : { calls: windows.out_calls, tokens: windows.out_tokens, usd_nanos: windows.out_usd_nanos };
    const out = positive(minus(all, slot.credit));
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
