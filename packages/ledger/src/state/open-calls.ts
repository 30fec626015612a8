import type {
  AttemptEnded,
  AttemptIntent,
  AttemptProgress,
  AttemptRecord,
  AttemptStarted,
  CallHead,
  CallOpened,
  IdempotencyRef,
  JournalRecord,
} from '../events.ts';
import { callHead } from './rows.ts';

/** An attempt whose end is not in the journal. */
export interface RunningAttempt {
  readonly intent: AttemptIntent;
  /** Output tokens of the last progress record. */
  readonly out_tokens: number;
  /** Time of the record that announced the attempt. */
  readonly started_ms: number;
}

/** A call whose end is not in the journal. Plain data: it is stored as JSON and crosses threads. */
export interface OpenCall {
  readonly head: CallHead;
  readonly idempotency?: IdempotencyRef;
  /** More than one while a hedge runs. */
  readonly running: readonly RunningAttempt[];
  readonly ended: readonly AttemptRecord[];
  /** Time of the newest record of this call: the latest moment at which it is known to have lived. */
  readonly last_ts_ms: number;
}

/** The calls that are open at some point of the journal. Bounded by what the router admits at once. */
export class OpenCalls {
  readonly #calls: Map<string, OpenCall> = new Map();
  #changed: Set<string> = new Set();

  constructor(calls: Iterable<OpenCall> = []) {
    for (const call of calls) this.#calls.set(call.head.call_id, call);
  }

  get size(): number {
    return this.#calls.size;
  }

  get(call_id: string): OpenCall | undefined {
    return this.#calls.get(call_id);
  }

  /** In the order in which they were opened. */
  list(): OpenCall[] {
    return [...this.#calls.values()];
  }

  /** Ids of calls that were opened, advanced or ended since the last time this was asked. */
  takeChanged(): Set<string> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  /** Follows one record. Those that are not about calls, or about calls that are not open, change nothing. */
  apply(record: JournalRecord): void {
    switch (record.type) {
      case 'call.opened':
        if (!this.#calls.has(record.call_id)) this.#set(record.call_id, opened(record, record.ts_ms));
        return;
      case 'attempt.started':
        this.#update(record.call_id, (call) => started(call, record, record.ts_ms));
        return;
      case 'attempt.progress':
        this.#update(record.call_id, (call) => progressed(call, record, record.ts_ms));
        return;
      case 'attempt.ended':
        this.#update(record.call_id, (call) => ended(call, record, record.ts_ms));
        return;
      case 'call.ended':
        if (this.#calls.delete(record.call_id)) this.#changed.add(record.call_id);
        return;
      default:
        return;
    }
  }

  #set(call_id: string, call: OpenCall): void {
    this.#calls.set(call_id, call);
    this.#changed.add(call_id);
  }

  #update(call_id: string, change: (call: OpenCall) => OpenCall): void {
    const call = this.#calls.get(call_id);
    if (call !== undefined) this.#set(call_id, change(call));
  }
}

function opened(event: CallOpened, ts_ms: number): OpenCall {
  return {
    head: callHead(event),
    ...(event.idempotency && { idempotency: event.idempotency }),
    running: [{ intent: event.attempt, out_tokens: 0, started_ms: ts_ms }],
    ended: [],
    last_ts_ms: ts_ms,
  };
}

function started(call: OpenCall, event: AttemptStarted, ts_ms: number): OpenCall {
  const running = [...call.running, { intent: event.attempt, out_tokens: 0, started_ms: ts_ms }];
  return { ...call, running, last_ts_ms: ts_ms };
}

function progressed(call: OpenCall, event: AttemptProgress, ts_ms: number): OpenCall {
  const running = call.running.map((attempt) =>
    attempt.intent.n === event.n ? { ...attempt, out_tokens: Math.max(attempt.out_tokens, event.out_tokens) } : attempt,
  );
  return { ...call, running, last_ts_ms: ts_ms };
}

function ended(call: OpenCall, event: AttemptEnded, ts_ms: number): OpenCall {
  const running = call.running.filter((attempt) => attempt.intent.n !== event.attempt.n);
  return { ...call, running, ended: [...call.ended, event.attempt], last_ts_ms: ts_ms };
}
