import {
  type AccountLedger,
  type CreditOptions,
  CreditOwner,
  type Now,
  type OwnerEffect,
  type OwnerMessage,
  type OwnerSetup,
  type QueueOptions,
  type QueueSigns,
  type Recovered,
  type WorkerMessage,
} from '@atp-router/flow';
import type { Qos } from '@atp-router/kernel';
import type { FlowWatch, Gate, PoolView } from '../engine/gate.ts';
import { nowOf } from '../engine/ports.ts';
import { Watchers } from '../engine/watchers.ts';
import { Alarm } from '../engine/alarm.ts';
import type { Limits } from './limits.ts';
import { NoCalls, type NoCallsParts } from './no-calls.ts';

export interface OwnerGateParts extends NoCallsParts {
  readonly accounts: AccountLedger;
  readonly watch?: FlowWatch | undefined;
  /** Higher than that of every owner before. */
  readonly epoch: number;
  /** Workers that may have credit of an earlier owner; undefined: not known. */
  readonly workers: OwnerSetup['workers'];
  /** Until when it may decide without a renewal; absent: for ever. */
  readonly tenure_mono_ms?: number | undefined;
  readonly send: (message: OwnerMessage) => void;
  /** There is a later owner: this process decides nothing any more. */
  readonly onDeposed: (epoch: number) => void;
  readonly options?: Partial<CreditOptions> | undefined;
}

/** The gate of the process that holds the limits: workers ask it for credit (ADR 0019). It serves no calls itself. */
export class OwnerGate extends NoCalls implements Gate, Limits {
  readonly owner: CreditOwner;
  readonly #parts: OwnerGateParts;
  readonly #alarm: Alarm;
  readonly #watches: Watchers;

  constructor(parts: OwnerGateParts) {
    super(parts);
    const { accounts: ledger, ambient, epoch, workers, tenure_mono_ms, options = {} } = parts;
    this.#parts = parts;
    this.#watches = new Watchers(parts.watch);
    const onSigns = (signs: QueueSigns): void => this.#watches.signs(signs);
    this.owner = new CreditOwner({ epoch, ledger, workers, tenure_mono_ms, options, onSigns }, this.#now());
    this.#alarm = new Alarm(ambient, () => this.#took(this.owner.tick(this.#now())));
  }

  get gate(): Gate {
    return this;
  }

  /** Calls on the workers that it was told of. */
  start(): void {
    this.#took(this.owner.start(this.#now()));
  }

  receive(message: WorkerMessage): void {
    this.#took(this.owner.receive(message, this.#now()));
  }

  /** What a worker that is not there used, as was kept of an earlier owner. */
  settledFor(recovered: Recovered): void {
    this.#took(this.owner.settledFor(recovered, this.#now()));
  }

  async close(): Promise<void> {
    this.#alarm.close();
  }

  listen(watch: Partial<FlowWatch>): void {
    this.#watches.add(watch);
  }

  wake(account?: string): void {
    this.#took(this.owner.limitsChanged(account, this.#now()));
  }

  setMaxWaiting(most: number): void {
    this.owner.scheduler.setMaxWaiting(most);
  }

  configure(account: string, options: QueueOptions | undefined): void {
    this.owner.configure(account, options);
  }

  wait_ms(account: string, qos: Qos): number | undefined {
    return this.owner.scheduler.wait_ms(account, qos, this.#now());
  }

  load(account: string): { readonly in_flight: number; readonly waiting: number } {
    const waiting = this.owner.scheduler.pool(account)?.queue.size ?? 0;
    return { in_flight: this.#parts.accounts.windows(account)?.out_calls ?? 0, waiting };
  }

  waiting(qos: Qos): number {
    return this.owner.scheduler.waiting(qos);
  }

  waitingOf(tenant: string): number {
    return this.owner.scheduler.waitingOf(tenant);
  }

  pools(): Iterable<PoolView> {
    return this.owner.scheduler.pools();
  }

  jain(qos: Qos): number {
    return this.owner.scheduler.jain(qos, this.#now());
  }

  get due_mono_ms(): number {
    return this.owner.due_mono_ms;
  }

  #took(effects: readonly OwnerEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'send') this.#parts.send(effect.message);
      else this.#parts.onDeposed(effect.epoch);
    }
    this.#alarm.arm(this.owner.due_mono_ms);
  }

  #now(): Now {
    return nowOf(this.#parts.ambient);
  }
}
