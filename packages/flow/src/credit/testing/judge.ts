import { outOf } from '../../account.ts';
import { type AccountLimits, type Amounts, NOTHING } from '../../amounts.ts';
import { dayNumber, dayStart_ms } from '../../days.ts';
import { DIMENSIONS, minus, plus } from '../sums.ts';
import { isLimited, limitedBy } from '../worker-slot.ts';
import type { OwnerWorker } from '../owner-worker.ts';
import { ACCOUNTS } from './plan.ts';
import type { OwnerEnd, Scene, Watch, WorkerEnd } from './scene.ts';

/** Watches the truth, which neither side sees whole, against what the owner believes. */
export class Judge implements Watch {
  readonly problems: string[] = [];
  readonly #world: Scene;
  /** Accounts whose kind of limits has changed: workers count their calls from when they hear of that. */
  readonly loose: Set<string> = new Set();
  #before: Map<string, Amounts> = new Map();

  constructor(world: Scene) {
    this.#world = world;
  }

  broken(what: string): void {
    this.problems.push(`${Math.round(this.#world.time.now_ms)} ms: ${what}`);
  }

  limitsChange(account: string, before: AccountLimits, after: AccountLimits): void {
    const [was, is] = [limitedBy(before), limitedBy(after)];
    if (DIMENSIONS.some((of) => was[of] !== is[of])) this.loose.add(account);
  }

  /** Nobody counts there, or not from the beginning. */
  #isLoose(account: string): boolean {
    return this.loose.has(account) || !isLimited(limitedBy(this.#world.limits.get(account) ?? {}));
  }

  before(owner: OwnerEnd): void {
    this.#before = new Map(ACCOUNTS.map((account) => [account, outOf(owner.ledger.windows(account))]));
  }

  /** What is out grows beyond a window only by what a hello says. */
  after(owner: OwnerEnd, input: string): void {
    for (const account of ACCOUNTS) {
      const windows = owner.ledger.windows(account);
      if (windows === undefined || this.loose.has(account) || input === 'hello') continue;
      const limits: Amounts = {
        calls: windows.max_parallel,
        tokens: windows.max_tokens,
        usd_nanos: windows.max_usd_nanos,
      };
      const [was, is] = [this.#before.get(account) ?? NOTHING, outOf(owner.ledger.windows(account))];
      for (const of of DIMENSIONS)
        if (is[of] > limits[of] && is[of] > was[of])
          this.broken(`${input} takes what is out at ${account} from ${was[of]} to ${is[of]} of ${limits[of]} ${of}`);
    }
  }

  /** A worker let a call begin, or go on with more, from its credit (`is_at_once`) or after the owner's word. */
  admitted(worker: WorkerEnd, accounts: readonly string[], is_at_once: boolean): void {
    const { owner, workers } = this.#world;
    if (
      owner?.is_alive === true &&
      !owner.core.is_recovering &&
      is_at_once &&
      accounts.some((account) => worker.core.books.isLimited(account))
    ) {
      const record = recordOf(owner, worker);
      if (record === undefined || record.state === 'lapsed')
        this.broken(`${worker.name} admits, and owner ${owner.epoch} takes its credit for free`);
    }
    for (const one of workers) if (one.is_alive) this.#covered(one);
    this.#bounded();
    if (this.#world.plan.setting.is_calm) for (const account of accounts) this.#affordable(account);
  }

  /** Without trouble a budget is passed only by what calls used beyond what they had held. */
  #affordable(account: string): void {
    const { limits, workers, wall_ms } = this.#world;
    const its = limits.get(account);
    if (its === undefined) return;
    const today = dayNumber(wall_ms);
    let spent = NOTHING;
    for (const worker of workers) {
      spent = plus(minus(spent, worker.over_used), worker.used.get(`${today} ${account}`)?.used ?? NOTHING);
      for (const { ticket } of worker.running)
        for (const part of ticket?.held ?? [])
          if (part.is_open && part.day === today && part.accounts.includes(account)) spent = plus(spent, part.amounts);
    }
    const { calls_per_day: calls, tokens_per_day: tokens, usd_nanos_per_day: usd_nanos } = its;
    const budgets = { calls: calls ?? Infinity, tokens: tokens ?? Infinity, usd_nanos: usd_nanos ?? Infinity };
    for (const of of DIMENSIONS)
      if (spent[of] > budgets[of]) this.broken(`${spent[of]} ${of} of ${account} spent, of ${budgets[of]}`);
  }

  /** What a worker's calls hold and have used is known to its owner, slot by slot. */
  #covered(worker: WorkerEnd): void {
    const owner = this.#world.owners.find(({ epoch }) => epoch === worker.core.epoch);
    const record = owner && recordOf(owner, worker);
    if (owner === undefined || record === undefined || record.state === 'lapsed' || record.state === 'greeting') return;
    for (const slot of worker.core.books.slots()) {
      if (this.loose.has(slot.account)) continue;
      const its = record.peek(slot.account, slot.day);
      const [credit, known] = [its?.credit ?? NOTHING, its?.known ?? NOTHING];
      for (const of of DIMENSIONS) {
        if (slot.limited[of] === 'none') continue;
        if (slot.held[of] > credit[of])
          this.broken(`${worker.name} holds ${slot.held[of]} ${of} at ${slot.account}, credit is ${credit[of]}`);
        const over = worker.over_used[of];
        if (isBudget(slot.limited[of]) && slot.used[of] + slot.held[of] - over > credit[of] + known[of])
          this.broken(`${worker.name} used and holds more ${of} of ${slot.account} than its owner knows`);
      }
    }
  }

  /** In flight over all workers: within limits, but for the bound that the owner states. */
  #bounded(): void {
    const { owner, workers, plan } = this.#world;
    if (owner?.is_alive !== true || owner.core.is_recovering) return;
    for (const account of ACCOUNTS) {
      const windows = owner.ledger.windows(account);
      if (windows === undefined || this.#isLoose(account)) continue;
      let [heard, lapsed, unheard] = [NOTHING, NOTHING, NOTHING];
      for (const worker of workers) {
        if (!worker.is_alive) continue;
        const record = recordOf(owner, worker);
        if (record === undefined || record.state === 'greeting') unheard = plus(unheard, worker.held(account));
        else if (record.state === 'lapsed') lapsed = plus(lapsed, worker.held(account));
        else heard = plus(heard, worker.held(account));
      }
      const { lost, over } = owner.core.bound(account);
      const limits = { calls: windows.max_parallel, tokens: windows.max_tokens, usd_nanos: windows.max_usd_nanos };
      const kinds = limitedBy(this.#world.limits.get(account) ?? {});
      for (const of of DIMENSIONS) {
        if (kinds[of] !== 'none' && lapsed[of] > lost[of])
          this.broken(`lost at ${account} is ${lapsed[of]} ${of}, not ${lost[of]}`);
        const bound = plan.setting.is_calm ? 0 : over[of];
        if (heard[of] > limits[of] + bound)
          this.broken(`${heard[of]} ${of} at ${account} in flight, of ${limits[of]} and ${bound}`);
        if (plan.setting.is_calm && lapsed[of] + unheard[of] > 0) this.broken(`a worker is not heard of at ${account}`);
      }
    }
  }

  /** All is over, all has been told. */
  atRest(): void {
    const { owner, workers } = this.#world;
    if (owner === undefined) return;
    for (const worker of workers) {
      if (worker.core.waiting > 0) this.broken(`${worker.name} has ${worker.core.waiting} waiting`);
      for (const { plan } of worker.calls) this.broken(`${worker.name}: a call of ${plan.at_ms} ms is not over`);
      if ([...worker.core.running()].length > 0) this.broken(`${worker.name} has calls running`);
    }
    if (owner.core.scheduler.waiting() > 0) this.broken(`owner: ${owner.core.scheduler.waiting()} waiting`);
    for (const { name, granted, waiting } of owner.core.workers())
      if (granted.size + waiting.size > 0)
        this.broken(`owner: ${granted.size} granted, ${waiting.size} waiting of ${name}`);
    for (const account of ACCOUNTS) this.#outstanding(owner, account);
    this.#debits(owner);
  }

  #outstanding(owner: OwnerEnd, account: string): void {
    let credit = NOTHING;
    for (const worker of this.#world.workers)
      for (const slot of worker.core.books.slots()) {
        if (slot.account !== account) continue;
        credit = plus(credit, slot.credit);
        // What it takes for closed it would never call back.
        if (slot.is_open && recordOf(owner, worker)?.peek(account, slot.day)?.is_open !== true)
          this.broken(`${worker.name} admits at ${account}, and the owner thinks that it does not`);
      }
    const out = outOf(owner.ledger.windows(account));
    for (const of of DIMENSIONS)
      if (out[of] !== credit[of]) this.broken(`out at ${account}: ${out[of]} ${of}, workers have ${credit[of]}`);
    const { lost } = owner.core.bound(account);
    if (DIMENSIONS.some((of) => lost[of] !== 0)) this.broken(`lost at ${account} though all is heard`);
  }

  #debits(owner: OwnerEnd): void {
    const today = dayNumber(this.#world.wall_ms);
    for (const account of ACCOUNTS) {
      const limited = limitedBy(this.#world.limits.get(account) ?? {});
      if (this.loose.has(account) || !DIMENSIONS.some((of) => isBudget(limited[of]))) continue;
      for (const day of [today - 1, today]) {
        let sum = NOTHING;
        for (const worker of this.#world.all) {
          const known = owner.core.debited(worker.name, worker.incarnation, account, day);
          sum = plus(sum, known ?? NOTHING);
          this.#debit(worker, account, day, known);
        }
        const used = owner.ledger.snapshot(account, dayStart_ms(day))?.used ?? NOTHING;
        for (const of of DIMENSIONS)
          if (used[of] !== sum[of])
            this.broken(`${account} is debited ${used[of]} ${of} on ${day}, its workers account for ${sum[of]}`);
      }
    }
  }

  #debit(worker: WorkerEnd, account: string, day: number, known: Amounts | undefined): void {
    const { plan, all } = this.#world;
    const own = worker.used.get(`${day} ${account}`)?.used ?? NOTHING;
    const used = plan.setting.heirs === true ? usedBy(worker, all, account, day) : own;
    const is_told = plan.setting.heirs === true || worker.is_alive || worker.is_recovered || worker.recovery === 'self';
    for (const of of DIMENSIONS) {
      const its = known?.[of] ?? 0;
      if (is_told && its !== used[of])
        this.broken(`${worker.name}/${worker.incarnation} used ${used[of]} ${of} at ${account}, debited is ${its}`);
      const over = worker.over_used[of];
      const limited = limitedBy(this.#world.limits.get(account) ?? {})[of];
      if (!is_told && known !== undefined && isBudget(limited) && its < used[of] - over)
        this.broken(`${worker.name}/${worker.incarnation} is gone, used ${used[of]} ${of}, debited is ${its}`);
    }
  }
}

/** Where incarnations share a journal, the latest one is debited for all of its name, and the others for nothing. */
function usedBy({ name, incarnation }: WorkerEnd, all: readonly WorkerEnd[], account: string, day: number): Amounts {
  const its = all.filter((one) => one.name === name);
  if (its.some((one) => one.incarnation > incarnation)) return NOTHING;
  return its.reduce((sum, one) => plus(sum, one.used.get(`${day} ${account}`)?.used ?? NOTHING), NOTHING);
}

function recordOf(owner: OwnerEnd, { name, incarnation }: WorkerEnd): OwnerWorker | undefined {
  for (const record of owner.core.workers())
    if (record.name === name && record.incarnation === incarnation) return record;
  return undefined;
}

function isBudget(limited: string): boolean {
  return limited === 'budget' || limited === 'both';
}
