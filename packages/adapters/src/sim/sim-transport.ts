import { type Clock, isJsonObject, type JsonObject, type Timer, type Timers } from '@atp-router/kernel';
import { type SimParams, type SimStep, simulate } from '@atp-router/providers';
import type { UpstreamExchange, UpstreamHandler, UpstreamRequest, UpstreamTransport } from '../http/upstream.ts';

export interface SimTransportOptions {
  readonly seed: number;
  readonly params: SimParams;
  /** What the simulated endpoint lists; others it does not know. Absent: it lists none and knows all. */
  readonly models?: readonly string[];
  readonly clock: Clock;
  readonly timers: Timers;
}

/** Plays the scripts of the simulated provider with real timers, in place of a socket. Nothing leaves the process. */
export function simTransport(options: SimTransportOptions): UpstreamTransport {
  // Faults are drawn per try, so that a retry may succeed; the tries of one process replay from the seed.
  let tries = 0;
  return {
    send(request, handler) {
      tries += 1;
      const script = simulate({
        seed: options.seed,
        method: request.method,
        path: request.path,
        params: options.params,
        now_s: Math.floor(options.clock.now_ms() / 1_000),
        nonce: tries,
        ...(options.models === undefined ? {} : { models: options.models }),
        ...bodyOf(request),
      });
      return new Playback(script.steps, request, handler, options.timers);
    },
    close: () => Promise.resolve(),
  };
}

function bodyOf({ body }: UpstreamRequest): { body?: JsonObject } {
  if (body === undefined) return {};
  const value: unknown = JSON.parse(typeof body === 'string' ? body : Buffer.from(body).toString('utf8'));
  return isJsonObject(value) ? { body: value } : {};
}

/** One script on its way. Pausing stops the clock of the script, as a full socket buffer would. */
class Playback implements UpstreamExchange {
  readonly #steps: readonly SimStep[];
  readonly #request: UpstreamRequest;
  readonly #handler: UpstreamHandler;
  readonly #timers: Timers;
  #next = 0;
  #timer: Timer | undefined;
  #paused = false;
  #over = false;

  constructor(steps: readonly SimStep[], request: UpstreamRequest, handler: UpstreamHandler, timers: Timers) {
    this.#steps = steps;
    this.#request = request;
    this.#handler = handler;
    this.#timers = timers;
    handler.onSent?.();
    this.#arm();
  }

  cancel(): void {
    this.#over = true;
    this.#disarm();
  }

  pause(): void {
    this.#paused = true;
    this.#disarm();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#arm();
  }

  #arm(): void {
    const step = this.#steps[this.#next];
    // A handler may pause and resume within one callback.
    if (step === undefined || this.#over || this.#paused || this.#timer !== undefined) return;
    const is_head = this.#next === 0;
    const silence_ms = is_head ? this.#request.head_timeout_ms : this.#request.idle_timeout_ms;
    // What a real socket would run into: no head, or no next byte, in time.
    if (step.kind === 'stall' || step.after_ms > silence_ms) {
      this.#timer = this.#timers.after(silence_ms, () => this.#fail(is_head ? 'head_timeout' : 'idle_timeout'));
    } else this.#timer = this.#timers.after(step.after_ms, () => this.#play(step));
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #play(step: Exclude<SimStep, { kind: 'stall' }>): void {
    this.#timer = undefined;
    this.#next += 1;
    switch (step.kind) {
      case 'head':
        this.#handler.onHead(step.status, headersOf(step.headers));
        break;
      case 'data':
        this.#handler.onData(Buffer.from(step.bytes));
        break;
      case 'end':
        this.#over = true;
        this.#handler.onEnd();
        break;
      case 'reset':
        this.#fail(this.#next === 1 ? 'reset' : 'truncated');
        break;
    }
    this.#arm();
  }

  #fail(kind: 'head_timeout' | 'idle_timeout' | 'reset' | 'truncated'): void {
    if (this.#over) return;
    this.#over = true;
    this.#handler.onFail({ kind, cause: new Error(`simulated ${kind}`) });
  }
}

function headersOf(flat: readonly string[]): { get(name: string): string | undefined } {
  return {
    get(name) {
      const at = flat.findIndex((value, i) => i % 2 === 0 && value.toLowerCase() === name);
      return at < 0 ? undefined : flat[at + 1];
    },
  };
}
