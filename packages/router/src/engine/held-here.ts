import {
  type AccountLedger,
  type AccountSnapshot,
  type Amounts,
  NOTHING,
  outOf,
  parseDay,
  hasBudget,
} from '@atp-router/flow';
import type { Qos } from '@atp-router/kernel';
import type { Gate, Here } from './gate.ts';

type Books = Pick<AccountLedger, 'windows' | 'usedOn'>;

/** What the books say is out at an account, of one tier or of all, whoever has it. */
export function outAt(accounts: Pick<Books, 'windows'>, account: string, qos?: Qos): Amounts {
  const windows = accounts.windows(account);
  return qos === undefined ? outOf(windows) : (windows?.tier(qos) ?? NOTHING);
}

/** Of books that have this process's own calls and no others. */
export function allHere(accounts: Books): Here {
  return {
    held: (account, qos) => outAt(accounts, account, qos),
    used: (account, day) => accounts.usedOn(account, day) ?? NOTHING,
  };
}

/**
 * What was used on this day, as far as this process is the one to say so: where there is a budget its owner knows what all have
 * used, and elsewhere each only its own. Over all processes these add up.
 */
export function usedHere({ id, day, limits, used }: AccountSnapshot, here: Here, leads: boolean): Amounts {
  if (!hasBudget(limits)) return here.used(id, parseDay(day));
  return leads ? used : NOTHING;
}

/** Calls of this process in flight at an account, and those that wait there in a queue of this process. */
export function loadHere({ gate }: { readonly gate: Gate }, account: string): ReturnType<Gate['load']> {
  return { in_flight: gate.here.held(account).calls, waiting: gate.load(account).waiting };
}
