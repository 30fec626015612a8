import {
  type AccountLedger,
  type Amounts,
  dayStart_ms,
  minus,
  NOTHING,
  type Reservation,
  type Standing,
} from '@atp-router/flow';
import type { Qos } from '@atp-router/kernel';
import type { Here } from '../engine/gate.ts';
import { outAt } from '../engine/held-here.ts';

/** Accounts and days of which others' use is kept: as many as a worker has slots. Beyond, what was told first is taken back. */
const OTHERS_MAX = 20_000;

/** The tier that all of it is entered as: nobody tells a worker which it is. */
const HELD_AS: Qos = 'bronze';

interface Used {
  readonly account: string;
  readonly day: number;
  readonly used: Amounts;
}

/**
 * What other workers have used and hold, entered into this process's own books as the owner told it last: headers, caps on
 * output and windows are then those of all of them. Nothing is decided by it.
 */
export class Others implements Here {
  readonly #accounts: AccountLedger;
  readonly #used: Map<string, Used> = new Map();
  /** By account, on the latest day that was told of: each stands for all that others have in flight. */
  readonly #out: Map<string, Reservation> = new Map();

  constructor(accounts: AccountLedger) {
    this.#accounts = accounts;
  }

  tell({ account, day, used, out }: Standing): void {
    const key = `${day} ${account}`;
    this.#accounts.charge(account, day, minus(used, this.#used.get(key)?.used ?? NOTHING));
    this.#used.set(key, { account, day, used });
    this.#hold(account, day, out);
    if (this.#used.size > OTHERS_MAX) this.#forgetOldest();
  }

  /** What this process's own calls hold: that of others is entered as bronze. */
  held(account: string, qos?: Qos): Amounts {
    const all = outAt(this.#accounts, account, qos);
    return qos === undefined || qos === HELD_AS ? minus(all, this.#out.get(account) ?? NOTHING) : all;
  }

  /** What they used themselves, and those before them in this process's journal. */
  used(account: string, day: number): Amounts {
    const of_others = this.#used.get(`${day} ${account}`)?.used ?? NOTHING;
    return minus(this.#accounts.usedOn(account, day) ?? NOTHING, of_others);
  }

  #hold(account: string, day: number, out: Amounts): void {
    let hold = this.#out.get(account);
    if (hold !== undefined && hold.day > day) return;
    if (hold !== undefined && hold.day < day) this.#accounts.release(hold);
    if (hold?.day !== day) {
      const made = this.#accounts.reserve([account], NOTHING, dayStart_ms(day), HELD_AS);
      hold = made.ok ? made.reservation : undefined;
      if (hold === undefined) this.#out.delete(account);
      else this.#out.set(account, hold);
    }
    if (hold !== undefined) this.#accounts.restate(hold, out);
  }

  #forgetOldest(): void {
    for (const [key, { account, day, used }] of this.#used) {
      this.#used.delete(key);
      this.#accounts.charge(account, day, minus(NOTHING, used));
      const hold = this.#out.get(account);
      if (hold?.day === day) {
        this.#out.delete(account);
        this.#accounts.release(hold);
      }
      return;
    }
  }
}
