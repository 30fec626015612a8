import { AccountLedger } from '../../account-ledger.ts';
import { DEFAULT_SHARES } from '../../scheduler/shares.ts';
import type { Now } from '../../scheduler/changes.ts';
import type { WorkerMessage } from '../messages.ts';
import type { CreditOwner, OwnerEffect } from '../owner.ts';
import { MonoClock } from './time.ts';
import type { OwnerEnd, Scene } from './scene.ts';

/** For so long an owner may decide without hearing from whoever elects owners. */
export const TENURE_MS = 600;

/** One owner, from its election to its death or the end of its tenure. */
export class OwnerProcess implements OwnerEnd {
  readonly epoch: number;
  readonly ledger: AccountLedger = new AccountLedger(100);
  readonly core: CreditOwner;
  is_alive = true;
  /** Nobody renews its tenure any more; true time until which it may go on. */
  tenure_ms = 0;
  readonly #world: Scene;
  readonly #clock: MonoClock;
  #timer_ms = Number.POSITIVE_INFINITY;

  constructor(world: Scene, epoch: number, workers: readonly { name: string; incarnation: number }[] | undefined) {
    this.#world = world;
    this.epoch = epoch;
    this.#clock = new MonoClock(world.plan.setting.rates[5 + (epoch % 7)] ?? 1, world.draw.int(0, 1_000_000));
    for (const [account, limits] of world.limits) this.ledger.setLimits(account, limits);
    this.tenure_ms = world.time.now_ms + TENURE_MS;
    const tenure_mono_ms = this.#clock.at(this.tenure_ms);
    this.core = world.makeOwner(
      { epoch, ledger: this.ledger, workers, tenure_mono_ms, options: world.options },
      this.now,
    );
    for (const account of ['provider:p', 'router']) this.core.configure(account, { shares: DEFAULT_SHARES });
    this.#renewLater();
  }

  get now(): Now {
    return { now_ms: this.#world.wall_ms, mono_ms: this.#clock.at(this.#world.time.now_ms) };
  }

  receive(message: WorkerMessage): void {
    if (!this.is_alive) return;
    const { judge, facts } = this.#world;
    judge.before(this);
    const lapsed = this.#lapsed();
    this.take(this.core.receive(message, this.now));
    judge.after(this, message.body.type);
    facts.lapses += Math.max(0, this.#lapsed() - lapsed);
  }

  take(effects: readonly OwnerEffect[]): void {
    for (const effect of effects) if (effect.kind === 'send') this.#world.toWorker(this, effect.message);
    this.#arm();
  }

  /** Renews its tenure as long as it is the one. */
  #renewLater(): void {
    this.#world.time.after(TENURE_MS / 3, () => {
      if (!this.is_alive || this.#world.owner !== this) return;
      this.tenure_ms = this.#world.time.now_ms + TENURE_MS;
      this.core.renewTenure(this.#clock.at(this.tenure_ms));
      this.#renewLater();
    });
  }

  #arm(): void {
    const { time } = this.#world;
    if (this.core.isOver(this.now)) return;
    const at_ms = Math.max(this.#clock.when(this.core.due_mono_ms) + 0.01, time.now_ms + 1);
    if (!Number.isFinite(at_ms) || at_ms >= this.#timer_ms) return;
    this.#timer_ms = at_ms;
    time.at(at_ms, () => {
      if (this.#timer_ms !== at_ms) return;
      this.#timer_ms = Number.POSITIVE_INFINITY;
      if (!this.is_alive) return;
      const { judge, facts } = this.#world;
      judge.before(this);
      const lapsed = this.#lapsed();
      this.take(this.core.tick(this.now));
      judge.after(this, 'tick');
      facts.lapses += Math.max(0, this.#lapsed() - lapsed);
    });
  }

  #lapsed(): number {
    return [...this.core.workers()].filter(({ state }) => state === 'lapsed').length;
  }
}
