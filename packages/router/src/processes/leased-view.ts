import type { AccountLedger } from '@atp-router/flow';
import type { Qos } from '@atp-router/kernel';
import type { Here, PoolView } from '../engine/gate.ts';
import type { Ambient } from '../engine/ports.ts';
import { Others } from './others.ts';
import type { OwnWindows } from './own-windows.ts';
import { Waits } from './waits.ts';

/** What the gate of a worker shows: who waits there for sessions, and what it knows of what is at the owner. */
export abstract class LeasedView {
  protected readonly waits: Waits = new Waits();
  protected readonly others: Others;
  protected abstract readonly own: OwnWindows;
  readonly #accounts: AccountLedger;
  readonly #ambient: Ambient;

  constructor({ accounts, ambient }: { readonly accounts: AccountLedger; readonly ambient: Ambient }) {
    this.#accounts = accounts;
    this.#ambient = ambient;
    this.others = new Others(accounts);
  }

  /** Of those who wait here. */
  setMaxWaiting(most: number): void {
    this.own.setMaxWaiting(most);
  }

  /** The queue is the owner's. */
  configure(): void {}

  wait_ms(account: string, qos: Qos): number | undefined {
    return this.own.wait_ms(account, qos) ?? this.waits.left_ms(account, this.#ambient.clock.mono_ms());
  }

  load(account: string): { readonly in_flight: number; readonly waiting: number } {
    const in_flight = this.#accounts.windows(account)?.out_calls ?? 0;
    return { in_flight, waiting: this.own.waiting(account) };
  }

  get here(): Here {
    return this.others;
  }

  waiting(qos: Qos): number {
    return this.waits.of(qos);
  }

  waitingOf(tenant: string): number {
    return this.waits.ofTenant(tenant);
  }

  pools(): Iterable<PoolView> {
    return this.own.pools();
  }

  jain(): number {
    return 1;
  }

  /** The link with the owner goes on while nothing runs. */
  rest(): void {}
}
