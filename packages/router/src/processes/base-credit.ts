import {
  type AccountLedger,
  type CreditOptions,
  CreditWorker,
  type DayTotal,
  type Now,
  type OwnerMessage,
  type WorkerEffect,
  type WorkerMessage,
} from '@atp-router/flow';
import { type Ambient, nowOf } from '../engine/ports.ts';
import { Alarm } from '../engine/alarm.ts';
import { limitsIn } from './leased-parts.ts';

export interface BaseCreditParts {
  readonly name: string;
  readonly incarnation: number;
  /** What calls of this data directory used before there were workers. */
  readonly inherited: readonly DayTotal[];
  readonly accounts: AccountLedger;
  readonly ambient: Ambient;
  readonly send: (message: WorkerMessage) => void;
  readonly options?: Partial<CreditOptions> | undefined;
}

/**
 * A worker that never has calls: through it the owner of the limits, wherever it is, learns what the owner process's own journal
 * says was used. So the books of an owner begin empty on every machine, and nothing is counted twice by one that moves.
 */
export class BaseCredit {
  readonly name: string;
  readonly #parts: BaseCreditParts;
  readonly #credit: CreditWorker<never>;
  readonly #alarm: Alarm;

  constructor(parts: BaseCreditParts) {
    const { name, incarnation, inherited, accounts, ambient, options = {} } = parts;
    this.name = name;
    this.#parts = parts;
    this.#credit = new CreditWorker({ worker: name, incarnation, inherited, limitsOf: limitsIn(accounts), options });
    this.#alarm = new Alarm(ambient, () => this.#took(this.#credit.tick(this.#now())));
  }

  start(): void {
    this.#took(this.#credit.connected(this.#now()));
  }

  /** After whatever is being decided: the owner may be in the middle of it. */
  receive(message: OwnerMessage): void {
    queueMicrotask(() => this.#took(this.#credit.receive(message, this.#now())));
  }

  close(): void {
    this.#alarm.close();
  }

  #took(effects: readonly WorkerEffect<never>[]): void {
    for (const effect of effects) if (effect.kind === 'send') this.#parts.send(effect.message);
    this.#alarm.arm(this.#credit.due_mono_ms);
  }

  #now(): Now {
    return nowOf(this.#parts.ambient);
  }
}
