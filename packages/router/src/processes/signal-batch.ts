import type { Timer, Timers } from '@atp-router/kernel';
import type { Signal } from '../engine/target-windows.ts';
import { SIGNALS_MAX } from './told.ts';

/** What comes back is told of together: windows move at most every half second. */
const EVERY_MS = 50;

/** Gathers what came back from deployments until it is sent. */
export class SignalBatch {
  readonly #timers: Timers;
  readonly #send: (signals: readonly Signal[]) => void;
  #signals: Signal[] = [];
  #timer: Timer | undefined;

  constructor(timers: Timers, send: (signals: readonly Signal[]) => void) {
    this.#timers = timers;
    this.#send = send;
  }

  add(signal: Signal): void {
    this.#signals.push(signal);
    if (this.#signals.length >= SIGNALS_MAX) this.flush();
    else this.#timer ??= this.#timers.after(EVERY_MS, () => this.flush());
  }

  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#signals.length === 0) return;
    this.#send(this.#signals);
    this.#signals = [];
  }
}
