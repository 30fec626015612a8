import { assert, type Usage } from '@atp-router/kernel';
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
import { recordOf, type StoredRecord } from '../journal/records.ts';
import { callHead } from './rows.ts';

/** An attempt whose end is not in the journal. */
export interface RunningAttempt {
  readonly intent: AttemptIntent;
  /** Output tokens of the last progress record. */
  readonly out_tokens: number;
  /** What the last progress record says was reported. */
  readonly reported?: Usage | undefined;
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

/** A call that was opened; its first record is parsed when somebody asks for it. */
type Entry = OpenCall | Extract<StoredRecord, { kind: 'opened' }>;

/** The calls that are open at some point of the journal. Bounded by what the router admits at once. */
export class OpenCalls {
  readonly #calls: Map<string, OpenCall> = new Map();
  /** Those that were opened since `takeChanged`, behind the others. Most end before the next time and leave no trace. */
  readonly #fresh: Map<string, Entry> = new Map();
  #changed: Set<string> = new Set();

  constructor(calls: Iterable<OpenCall> = []) {
    for (const call of calls) this.#calls.set(call.head.call_id, call);
  }

  get size(): number {
    return this.#calls.size + this.#fresh.size;
  }

  has(call_id: string): boolean {
    return this.#fresh.has(call_id) || this.#calls.has(call_id);
  }

  get(call_id: string): OpenCall | undefined {
    const fresh = this.#fresh.get(call_id);
    return fresh === undefined ? this.#calls.get(call_id) : openCall(fresh);
  }

  /** In the order in which they were opened. */
  list(): OpenCall[] {
    return [...this.#calls.values(), ...[...this.#fresh.values()].map(openCall)];
  }

  /**
   * Ids of calls that are to be written or removed where the calls of the last time are kept: those that are new since
   * then, or advanced, or ended.
   */
  takeChanged(): Set<string> {
    const changed = this.#changed;
    this.#changed = new Set();
    for (const entry of this.#fresh.values()) {
      const call = openCall(entry);
      // The id in the call is a string of its own; the one in the entry keeps the text of its whole block in memory.
      this.#calls.set(call.head.call_id, call);
      changed.add(call.head.call_id);
    }
    this.#fresh.clear();
    return changed;
  }

  /** Follows one record. Those that are not about calls, or about calls that are not open, change nothing. */
  apply(record: JournalRecord): void {
    switch (record.type) {
      case 'call.opened':
        if (!this.has(record.call_id)) this.#fresh.set(record.call_id, opened(record, record.ts_ms));
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
        this.end(record.call_id);
        return;
      default:
        return;
    }
  }

  /** Follows a `call.opened` without looking into it. */
  open(record: Extract<StoredRecord, { kind: 'opened' }>): void {
    if (!this.has(record.call_id)) this.#fresh.set(record.call_id, record);
  }

  /** False when the call was not open. */
  end(call_id: string): boolean {
    if (this.#fresh.delete(call_id)) return true;
    const was_open = this.#calls.delete(call_id);
    if (was_open) this.#changed.add(call_id);
    return was_open;
  }

  #update(call_id: string, change: (call: OpenCall) => OpenCall): void {
    const fresh = this.#fresh.get(call_id);
    if (fresh !== undefined) {
      this.#fresh.set(call_id, change(openCall(fresh)));
      return;
    }
    const call = this.#calls.get(call_id);
    if (call === undefined) return;
    this.#calls.set(call_id, change(call));
    this.#changed.add(call_id);
  }
}

function openCall(entry: Entry): OpenCall {
  if (!('kind' in entry)) return entry;
  const record = recordOf(entry.text);
  assert(record.type === 'call.opened', 'a first record of a call opens one');
  return opened(record, record.ts_ms);
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
  const running = call.running.map((attempt) => (attempt.intent.n === event.n ? further(attempt, event) : attempt));
  return { ...call, running, last_ts_ms: ts_ms };
}

function further(attempt: RunningAttempt, { out_tokens, reported }: AttemptProgress): RunningAttempt {
  return {
    ...attempt,
    out_tokens: Math.max(attempt.out_tokens, out_tokens),
    ...(reported !== undefined && { reported }),
  };
}

function ended(call: OpenCall, event: AttemptEnded, ts_ms: number): OpenCall {
  const running = call.running.filter((attempt) => attempt.intent.n !== event.attempt.n);
  return { ...call, running, ended: [...call.ended, event.attempt], last_ts_ms: ts_ms };
}
