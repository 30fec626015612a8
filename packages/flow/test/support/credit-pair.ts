import type { Qos } from '@atp-router/kernel';
import type { AccountLimits } from '../../src/amounts.ts';
import type { WorkerBody } from '../../src/credit/messages.ts';
import {
  AccountLedger,
  CreditOwner,
  type CreditTicket,
  CreditWorker,
  type DayTotal,
  isWorkerMessage,
  type Now,
  type OwnerMessage,
  type WorkerMessage,
} from '../../src/index.ts';

export const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const START_MS = 20_000 * DAY_MS + HOUR_MS;
export const TODAY = 20_000;
export const ACCOUNT = 'tenant:t';
export const ONE = { calls: 1, tokens: 10, usd_nanos: 10 };

interface Sent {
  readonly at_ms: number;
  readonly message: WorkerMessage | OwnerMessage;
  readonly to: 'owner' | string;
}

interface Options {
  readonly workers?: readonly string[];
  readonly one_way_ms?: number;
  readonly inherited?: readonly DayTotal[];
  readonly tenure_mono_ms?: number;
  /** The limits are those of every account. */
  readonly is_rule?: boolean;
}

/** An owner and workers that tell each other what they send after `one_way_ms`, each with a wall clock that may be wrong. */
export class Pair {
  readonly ledger: AccountLedger = new AccountLedger();
  readonly owner: CreditOwner;
  readonly workers: Map<string, CreditWorker<string>> = new Map();
  #way: Sent[] = [];
  readonly #one_way_ms: number;
  readonly #is_rule: boolean;
  limits: AccountLimits;
  ms = 0;
  /** A worker that hears and does nothing. */
  stalled: string | undefined = undefined;
  owner_ahead_ms = 0;
  worker_ahead_ms = 0;
  hellos = 0;
  refused = 0;

  constructor(limits: AccountLimits, options: Options = {}) {
    const { workers = ['a'], one_way_ms = 0, inherited = [], tenure_mono_ms, is_rule = false } = options;
    this.limits = limits;
    this.#one_way_ms = one_way_ms;
    this.#is_rule = is_rule;
    if (is_rule) this.ledger.setRule(() => limits);
    else this.ledger.setLimits(ACCOUNT, limits);
    this.owner = new CreditOwner({ epoch: 1, ledger: this.ledger, workers: [], tenure_mono_ms }, this.ownersNow());
    for (const worker of workers) {
      const limitsOf = this.#limitsOf;
      this.workers.set(worker, new CreditWorker<string>({ worker, incarnation: 1, limitsOf, inherited }));
      this.#post(this.worker(worker).connected(this.workersNow()));
    }
    this.pass(0);
  }

  readonly #limitsOf = (account: string): AccountLimits | undefined =>
    this.#is_rule || account === ACCOUNT ? this.limits : undefined;

  worker(name = 'a'): CreditWorker<string> {
    return this.workers.get(name) as CreditWorker<string>;
  }

  ownersNow(): Now {
    return { now_ms: START_MS + this.ms + this.owner_ahead_ms, mono_ms: this.ms };
  }

  workersNow(): Now {
    return { now_ms: START_MS + this.ms + this.worker_ahead_ms, mono_ms: this.ms };
  }

  /** In steps in which whatever is due happens, and what was sent arrives. */
  pass(ms: number, step_ms = 50): void {
    for (const until_ms = this.ms + ms; ; this.ms = Math.min(until_ms, this.ms + step_ms)) {
      this.#deliver();
      if (this.owner.due_mono_ms <= this.ms) this.#post(this.owner.tick(this.ownersNow()));
      for (const [name, worker] of this.workers)
        if (name !== this.stalled && worker.due_mono_ms <= this.ms) this.#post(worker.tick(this.workersNow()));
      this.#deliver();
      if (this.ms >= until_ms) return;
    }
  }

  request(
    name: string = 'a',
    wait_ms: number | undefined = undefined,
    account: string = ACCOUNT,
  ): CreditTicket<string> {
    const key = { qos: 'silver' as Qos, tenant: 't', weight: 1, session: 's', tokens: 10, deadline_mono_ms: Infinity };
    const parts = [{ accounts: [account], amounts: ONE, wait_ms, into: undefined }];
    const worker = this.worker(name);
    const { ticket, effects } = worker.request({ owner: 'x', key, parts, is_preemptible: false }, this.workersNow());
    this.post(effects);
    return ticket;
  }

  end(name: string, ticket: CreditTicket<string>): void {
    this.post(this.worker(name).end(ticket, 0, ONE, this.workersNow()));
  }

  setLimits(limits: AccountLimits, is_told = true, used: readonly DayTotal[] = []): void {
    this.limits = limits;
    this.ledger.setLimits(ACCOUNT, limits);
    this.post(this.owner.limitsChanged(ACCOUNT, this.ownersNow()));
    if (is_told) this.post(this.worker().setLimits(this.#limitsOf, this.workersNow(), used));
  }

  /** A call from its start to its end; whether it was granted. */
  call(name = 'a'): boolean {
    const ticket = this.request(name);
    if (ticket.state.kind !== 'granted') return false;
    this.end(name, ticket);
    return true;
  }

  /** As a worker that is not right may say. */
  tell(body: WorkerBody): void {
    const { link = 0, heard = 0 } = [...this.owner.workers()][0] ?? {};
    const head = { v: 1, worker: 'a', incarnation: 1, epoch: 1, link, seq: heard + 1, heard: 0 } as const;
    this.post(this.owner.receive({ ...head, body }, this.ownersNow()));
  }

  post(effects: readonly { readonly kind: string }[]): void {
    this.#post(effects);
    this.#deliver();
  }

  /** What is on its way to a worker that stands still never arrives. */
  lose(): void {
    this.#way = this.#way.filter(({ to }) => to !== this.stalled);
  }

  get debited(): number {
    return this.ledger.usedOn(ACCOUNT, TODAY)?.calls ?? 0;
  }

  #post(effects: readonly { readonly kind: string }[]): void {
    for (const effect of effects) {
      if (effect.kind !== 'send') continue;
      const { message } = effect as { readonly kind: 'send'; readonly message: WorkerMessage | OwnerMessage };
      const is_own = message.body.type === 'hello' || isWorkerMessage(message);
      if (message.body.type === 'hello') this.hellos += 1;
      this.#way.push({ at_ms: this.ms + this.#one_way_ms, message, to: is_own ? 'owner' : message.worker });
    }
  }

  #deliver(): void {
    for (let steps = 0; steps < 10_000; steps += 1) {
      const at = this.#way.findIndex(({ at_ms, to: end }) => at_ms <= this.ms && end !== this.stalled);
      const [one] = at === -1 ? [] : this.#way.splice(at, 1);
      if (one === undefined) return;
      const { to, message } = one;
      if (to !== 'owner') this.#post(this.worker(to).receive(message as OwnerMessage, this.workersNow()));
      else if (isWorkerMessage(message)) this.#post(this.owner.receive(message, this.ownersNow()));
      else this.refused += 1;
    }
    throw new Error('they never stop talking');
  }
}
