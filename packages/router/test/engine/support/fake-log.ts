import { AtpError } from '@atp-router/kernel';
import type { RouterEvent } from '@atp-router/ledger';
import type { EventLog } from '../../../src/engine/ports.ts';
import type { Draw } from '@atp-router/kernel/testing';
import { pushTo } from './push-to.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface LogBehaviour {
  /** Longest time until a barrier is passed; 0 passes it within the call. */
  readonly delay_ms: number;
  /** From this moment on nothing can be written any more. */
  readonly broken_from_ms: number;
}

export const CALM_LOG: LogBehaviour = { delay_ms: 0, broken_from_ms: Number.POSITIVE_INFINITY };

export function drawLog(draw: Draw): LogBehaviour {
  const broken_from_ms = draw.chance(0.1) ? draw.int(0, 3_000) : Number.POSITIVE_INFINITY;
  return { delay_ms: draw.one(0, 0, 3, 300), broken_from_ms };
}

interface Barrier {
  /** How many events it covers. */
  readonly count: number;
  readonly done: (error?: AtpError) => void;
}

/** The journal of a history: in memory, late, and sometimes broken. Barriers are passed in their order, as in a file. */
export class FakeLog implements EventLog {
  readonly events: RouterEvent[] = [];
  readonly #of_type: Map<string, RouterEvent[]> = new Map();
  readonly #of_call: Map<string, RouterEvent[]> = new Map();
  readonly #time: VirtualTime;
  readonly #draw: Draw;
  readonly #behaviour: LogBehaviour;
  readonly #queue: Barrier[] = [];
  readonly #written: Set<RouterEvent> = new Set();
  #written_count = 0;
  readonly #listeners: ((event: RouterEvent) => void)[] = [];
  #last_due_ms = 0;
  /** The newest event that the barrier covers which is being passed now: what happens now, happens because that was written. */
  serving: RouterEvent | undefined;

  constructor(time: VirtualTime, draw: Draw, behaviour: LogBehaviour) {
    this.#time = time;
    this.#draw = draw;
    this.#behaviour = behaviour;
  }

  get failure(): AtpError | undefined {
    return this.#time.mono_ms() >= this.#behaviour.broken_from_ms ? notWritable() : undefined;
  }

  /** `heard` is told each event. */
  listen(heard: (event: RouterEvent) => void): void {
    this.#listeners.push(heard);
  }

  append(event: RouterEvent): void {
    this.events.push(event);
    pushTo(this.#of_type, event.type, event);
    if (event.type === 'call.opened' || event.type === 'call.ended')
      pushTo(this.#of_call, `${event.type} ${event.call_id}`, event);
    for (const heard of this.#listeners) heard(event);
  }

  barrier(done: (error?: AtpError) => void): void {
    const { delay_ms } = this.#behaviour;
    this.#queue.push({ count: this.events.length, done });
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

  of<T extends RouterEvent['type']>(type: T): readonly Extract<RouterEvent, { type: T }>[] {
    return (this.#of_type.get(type) ?? []) as Extract<RouterEvent, { type: T }>[];
  }

  ofCall<T extends 'call.opened' | 'call.ended'>(
    type: T,
    call_id: string,
  ): readonly Extract<RouterEvent, { type: T }>[] {
    return (this.#of_call.get(`${type} ${call_id}`) ?? []) as Extract<RouterEvent, { type: T }>[];
  }

  #pass(): void {
    const barrier = this.#queue.shift();
    if (barrier === undefined) return;
    const { failure } = this;
    for (; failure === undefined && this.#written_count < barrier.count; this.#written_count += 1) {
      const event = this.events[this.#written_count];
      if (event !== undefined) this.#written.add(event);
    }
    const before = this.serving;
    this.serving = this.events[barrier.count - 1];
    barrier.done(failure);
    this.serving = before;
  }
}

function notWritable(): AtpError {
  return new AtpError('internal_error', 'The journal cannot be written.', { status: 503 });
}
