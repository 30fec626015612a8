import { AtpError } from '@atp-router/kernel';
import type { RouterEvent } from '@atp-router/ledger';
import type { EventLog } from '../../../src/engine/ports.ts';
import type { Draw } from '@atp-router/kernel/testing';
import type { VirtualTime } from './virtual-time.ts';

export interface LogBehaviour {
  /** Longest time until a barrier is passed; 0 passes it within the call. */
  readonly delay_ms: number;
  /** From this moment on nothing can be written any more. */
  readonly broken_from_ms: number;
}

interface Barrier {
  /** The newest event that it covers. */
  readonly covers: RouterEvent | undefined;
  readonly done: (error?: AtpError) => void;
}

/** The journal of a history: in memory, late, and sometimes broken. Barriers are passed in their order, as in a file. */
export class FakeLog implements EventLog {
  readonly events: RouterEvent[] = [];
  readonly #time: VirtualTime;
  readonly #draw: Draw;
  readonly #behaviour: LogBehaviour;
  readonly #queue: Barrier[] = [];
  readonly #written: Set<RouterEvent> = new Set();
  #last_due_ms = 0;
  /** The event whose barrier is being passed right now: what happens now, happens because that was written. */
  serving: RouterEvent | undefined;

  constructor(time: VirtualTime, draw: Draw, behaviour: LogBehaviour) {
    this.#time = time;
    this.#draw = draw;
    this.#behaviour = behaviour;
  }

  get failure(): AtpError | undefined {
    return this.#time.mono_ms() >= this.#behaviour.broken_from_ms ? notWritable() : undefined;
  }

  append(event: RouterEvent): void {
    this.events.push(event);
  }

  barrier(done: (error?: AtpError) => void): void {
    const { delay_ms } = this.#behaviour;
    this.#queue.push({ covers: this.events.at(-1), done });
    if (delay_ms === 0) {
      this.#pass();
      return;
    }
    const now_ms = this.#time.mono_ms();
    this.#last_due_ms = Math.max(this.#last_due_ms, now_ms + this.#draw.int(0, delay_ms));
    this.#time.after(this.#last_due_ms - now_ms, () => this.#pass());
  }

  isWritten(event: RouterEvent): boolean {
    return this.#written.has(event);
  }

  of<T extends RouterEvent['type']>(type: T): Extract<RouterEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<RouterEvent, { type: T }> => event.type === type);
  }

  #pass(): void {
    const barrier = this.#queue.shift();
    if (barrier === undefined) return;
    const { failure } = this;
    if (failure === undefined && barrier.covers !== undefined) this.#written.add(barrier.covers);
    const before = this.serving;
    this.serving = barrier.covers;
    barrier.done(failure);
    this.serving = before;
  }
}

function notWritable(): AtpError {
  return new AtpError('internal_error', 'The journal cannot be written.', { status: 503 });
}
