import { type Amounts, NOTHING } from '../../amounts.ts';
import { dayNumber } from '../../days.ts';
import type { Now } from '../../scheduler/changes.ts';
import type { DayTotal, OwnerMessage, Recovered } from '../messages.ts';
import { minus, plus, positive } from '../sums.ts';
import type { CreditWorker } from '../worker.ts';
import type { WorkerEffect } from '../worker-effects.ts';
import type { CreditTicket } from '../worker-ticket.ts';
import type { PlannedCall } from './plan.ts';
import { MonoClock } from './time.ts';
import type { Call, OwnerEnd, Scene, WorkerEnd } from './scene.ts';

/** One incarnation of a worker, with the calls that it serves. */
export class WorkerProcess implements WorkerEnd {
  readonly index: number;
  readonly incarnation: number;
  readonly name: string;
  readonly core: CreditWorker<Call>;
  readonly calls: Set<Call> = new Set();
  /** Those of them that were granted. */
  readonly running: Set<Call> = new Set();
  is_alive = true;
  /** Whom its messages reach. */
  owner: OwnerEnd | undefined;
  is_partitioned = false;
  /** Until then its process does nothing. */
  stalled_until_ms: number = Number.NEGATIVE_INFINITY;
  /** Once it is dead: who has read its journal. */
  recovery: 'self' | 'other' | 'nobody' | undefined = undefined;
  is_recovered = false;
  /** True use, by account and day. */
  readonly used: Map<string, DayTotal> = new Map();
  /** What calls used beyond what they held: nobody could have known. */
  over_used: Amounts = NOTHING;
  readonly #world: Scene;
  readonly #clock: MonoClock;
  #timer_ms = Number.POSITIVE_INFINITY;

  constructor(
    world: Scene,
    index: number,
    incarnation: number,
    recovered: readonly Recovered[],
    inherited: readonly DayTotal[] | undefined,
  ) {
    this.#world = world;
    this.index = index;
    this.incarnation = incarnation;
    this.name = `w${index}`;
    this.#clock = new MonoClock(world.plan.setting.rates[index] ?? 1, world.draw.int(0, 1_000_000));
    const limits = world.workerLimits(index);
    this.core = world.makeWorker({
      worker: this.name,
      incarnation,
      recovered,
      inherited,
      limitsOf: (account) => limits.get(account),
      options: world.options,
    });
  }

  get now(): Now {
    return { now_ms: this.#world.wall_ms, mono_ms: this.#clock.at(this.#world.time.now_ms) };
  }

  connect(): void {
    this.take(this.core.connected(this.now));
  }

  receive(message: OwnerMessage): void {
    const { time } = this.#world;
    if (time.now_ms < this.stalled_until_ms) time.at(this.stalled_until_ms + 1, () => this.receive(message));
    else if (this.is_alive) this.take(this.core.receive(message, this.now));
  }

  call(plan: PlannedCall): void {
    const { time } = this.#world;
    if (time.now_ms < this.stalled_until_ms) {
      time.at(this.stalled_until_ms, () => {
        if (this.is_alive) this.call(plan);
      });
      return;
    }
    const { tenant, model, qos, tokens, wait_ms, is_preemptible } = plan;
    const amounts = amountsOf(tokens);
    const call: Call = { plan, ticket: undefined, answers: 0, is_over: false };
    const session = `s${tokens % 3}`;
    const { ticket, effects } = this.core.request(
      {
        owner: call,
        key: { qos, tenant, weight: 1, session, tokens, deadline_mono_ms: Number.POSITIVE_INFINITY },
        parts: [
          { accounts: ['router', `tenant:${tenant}`], amounts, wait_ms },
          { accounts: ['provider:p', `deployment:${model}`], amounts, wait_ms },
        ],
        is_preemptible,
      },
      this.now,
    );
    call.ticket = ticket;
    this.calls.add(call);
    this.#world.facts.calls += 1;
    if (ticket.state.kind === 'waiting') {
      this.#world.facts.escalated += 1;
      if (plan.cancel_ms !== undefined) this.#world.time.after(plan.cancel_ms, () => this.#cancel(call));
    } else this.#decided(call, true);
    this.take(effects);
  }

  /** Everything that it does from now on is nothing. */
  crash(): void {
    this.is_alive = false;
    for (const call of this.calls) {
      // What an upstream had produced by then is used all the same.
      for (const { accounts, amounts, is_open } of call.ticket?.held ?? [])
        if (is_open) this.#use(accounts, call, { ...amounts, tokens: Math.floor(amounts.tokens / 2) });
      call.is_over = true;
    }
    this.calls.clear();
    this.running.clear();
  }

  take(effects: readonly WorkerEffect<Call>[]): void {
    if (!this.is_alive) return;
    for (const effect of effects) {
      if (effect.kind === 'send') this.#world.toOwner(this, effect.message);
      else if (effect.kind === 'decided') this.#decided(effect.ticket.owner, false);
      else if (effect.kind === 'grown') this.#world.judge.admitted(this, accountsOf(effect.ticket), false);
      else if (effect.kind === 'stop') {
        this.#world.facts.stopped += 1;
        const { owner } = effect.ticket;
        this.#world.stopped.push(owner.plan);
        if (owner.plan.qos === 'gold' || !effect.ticket.is_preemptible)
          this.#world.judge.broken(`a call of ${owner.plan.qos} is stopped that may not be`);
        this.#world.time.after(20, () => this.end(owner));
      }
    }
    this.#arm();
  }

  /** What its calls hold at an account. */
  held(account: string): Amounts {
    let held = NOTHING;
    for (const { ticket } of this.running) {
      for (const { accounts, amounts, is_open } of ticket?.held ?? [])
        if (is_open && accounts.includes(account)) held = plus(held, amounts);
    }
    return held;
  }

  totals(): readonly DayTotal[] {
    return [...this.used.values()];
  }

  end(call: Call): void {
    const { ticket } = call;
    if (!this.is_alive || ticket === undefined || call.is_over || ticket.state.kind !== 'granted') return;
    call.is_over = true;
    this.calls.delete(call);
    this.running.delete(call);
    const { tenant, used: tokens } = call.plan;
    this.#world.ended.push({ at_ms: this.#world.time.now_ms, tenant, worker: this.index, tokens });
    ticket.held.forEach(({ accounts, amounts, is_open }, part) => {
      if (!is_open) return;
      const { used } = call.plan;
      const amount = used === 0 ? NOTHING : { ...amountsOf(used), calls: Math.min(1, amounts.calls) };
      this.#use(accounts, call, amount);
      this.over_used = plus(this.over_used, positive(minus(amount, amounts)));
      this.take(this.core.end(ticket, part, amount, this.now));
    });
  }

  #decided(call: Call, is_at_once: boolean): void {
    const { ticket, plan } = call;
    if (ticket === undefined) return;
    call.answers += 1;
    if (call.answers > 1) this.#world.judge.broken('a demand was decided twice');
    if (ticket.state.kind !== 'granted') {
      if (ticket.state.kind !== 'refused') this.#world.judge.broken(`decided, and ${ticket.state.kind}`);
      call.is_over = true;
      this.calls.delete(call);
      this.#world.facts.refused += 1;
      return;
    }
    this.#world.facts.granted += 1;
    this.running.add(call);
    this.#world.judge.admitted(this, accountsOf(ticket), is_at_once);
    if (plan.grows !== 0) this.#world.time.after(plan.hold_ms / 2, () => this.#grow(call));
    if (plan.again) this.#world.time.after(plan.hold_ms / 2, () => this.#again(call));
    this.#world.time.after(plan.hold_ms, () => this.end(call));
  }

  #cancel(call: Call): void {
    if (!this.is_alive || call.ticket?.state.kind !== 'waiting') return;
    const { ticket } = call;
    call.is_over = true;
    this.calls.delete(call);
    this.take(this.core.cancel(ticket, this.now));
  }

  #grow({ ticket, plan: { grows }, is_over }: Call): void {
    if (!this.is_alive || ticket === undefined || is_over) return;
    for (const part of [0, 1]) {
      const held = ticket.held[part];
      if (held?.is_open !== true) continue;
      if (grows < 0) {
        const tokens = Math.max(0, held.amounts.tokens + grows);
        this.take(this.core.shrink(ticket, part, { ...held.amounts, tokens }, this.now));
        continue;
      }
      const { answer, effects } = this.core.grow(ticket, part, { calls: 0, tokens: grows, usd_nanos: 0 }, this.now);
      if (answer === 'granted') this.#world.judge.admitted(this, held.accounts, true);
      this.take(effects);
    }
  }

  /** A second attempt: funds of the call grow, and it has a place of its own. */
  #again(call: Call): void {
    const { ticket, plan, is_over } = call;
    if (!this.is_alive || ticket === undefined || is_over) return;
    const other: Call = { plan: { ...plan, again: false, grows: 0 }, ticket: undefined, answers: 0, is_over: false };
    const amounts = amountsOf(plan.tokens);
    const asked = this.core.request(
      {
        owner: other,
        key: ticket.key,
        parts: [
          {
            accounts: ['router', `tenant:${plan.tenant}`],
            amounts: { ...amounts, calls: 0 },
            into: { ticket, part: 0 },
          },
          { accounts: ['provider:p', `deployment:${plan.model}`], amounts, wait_ms: 200 },
        ],
        is_preemptible: false,
      },
      this.now,
    );
    other.ticket = asked.ticket;
    this.calls.add(other);
    if (asked.ticket.state.kind !== 'waiting') this.#decided(other, true);
    this.take(asked.effects);
  }

  #use(accounts: readonly string[], { ticket }: Call, used: Amounts): void {
    const day = ticket?.held[0]?.day ?? dayNumber(this.#world.wall_ms);
    for (const account of accounts) {
      const key = `${day} ${account}`;
      const before = this.used.get(key)?.used ?? NOTHING;
      this.used.set(key, { account, day, used: plus(before, used) });
    }
  }

  #arm(): void {
    const { time } = this.#world;
    const due_ms = Math.max(this.#clock.when(this.core.due_mono_ms) + 0.01, time.now_ms + 1);
    // After a stall what clients have sent comes first, then the owner's messages, then timers.
    const at_ms = Math.max(due_ms, this.stalled_until_ms + 2);
    if (!Number.isFinite(at_ms) || at_ms >= this.#timer_ms) return;
    this.#timer_ms = at_ms;
    time.at(at_ms, () => {
      if (this.#timer_ms !== at_ms) return;
      this.#timer_ms = Number.POSITIVE_INFINITY;
      if (time.now_ms < this.stalled_until_ms) this.#arm();
      else if (this.is_alive) this.take(this.core.tick(this.now));
    });
  }
}

function amountsOf(tokens: number): Amounts {
  return { calls: 1, tokens, usd_nanos: tokens * 10 };
}

function accountsOf({ asked }: CreditTicket<Call>): readonly string[] {
  return asked.flatMap(({ accounts }) => accounts);
}
