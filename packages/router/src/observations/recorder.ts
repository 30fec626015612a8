import type { ObservationSeries } from '@atp-router/adapters';
import { nanosToMicros, type IdSource, type Rng } from '@atp-router/kernel';
import type { CallEnded, RouteDecided, RouterEvent } from '@atp-router/ledger';
import {
  guard,
  OBSERVATION_VERSION,
  type ObservedCall,
  type ObservedRecord,
  type ObservedWord,
  sumOf,
} from '@atp-router/routing';
import { type CallRequest, canCompare } from '../engine/request.ts';
import type { Generation } from '../generation/generation.ts';
import { ClientAnswer } from '../lifecycle/shadow/client-answer.ts';
import type { Watched } from '../lifecycle/shadow/trials.ts';
import { WatchedSink } from '../lifecycle/shadow/watched-sink.ts';

/** Calls whose answers are copied at a time; what comes beyond is not observed. */
const PENDING_MAX = 256;
/** Ended calls and words that wait for the guard and the disk. */
const QUEUE_MAX = 256;

export interface RecorderParts {
  readonly rng: Rng;
  readonly ids: IdSource;
  readonly generation: () => Generation;
  readonly series: ObservationSeries;
  /** Hex HMAC-SHA256 of a prompt. */
  readonly hashOf: (prompt: string) => string;
  readonly add: (record: ObservedRecord, chars: number) => void;
  /** Runs something when the event loop has nothing more urgent. */
  readonly later: (run: () => void) => void;
}

/** A call on its way, as far as it is known. */
interface Pending {
  readonly request: CallRequest;
  readonly answer: ClientAnswer;
  /** `auto` chooses for it, so there will be a record of that. */
  readonly is_chosen: boolean;
  ended?: CallEnded;
  decided?: RouteDecided;
  said?: string;
}

/** All that is known of a call that has ended well. */
interface Ready {
  readonly request: CallRequest;
  readonly ended: CallEnded;
  readonly decided: RouteDecided | undefined;
  readonly said: string;
}

type Work =
  | { readonly kind: 'call'; readonly ready: Ready }
  | { readonly kind: 'word'; readonly record: ObservedRecord };

/**
 * Sees calls end, and what is said of them later, and has kept what may be kept. It is off the way of the calls: what they
 * answer is copied, and all else is done when the client has it, one at a time. Nothing reaches the disk past the guard.
 */
export class ObservationRecorder {
  readonly #parts: RecorderParts;
  readonly #pending: Map<string, Pending> = new Map();
  #queue: Work[] = [];
  #working = false;
  #idle: (() => void)[] = [];

  constructor(parts: RecorderParts) {
    this.#parts = parts;
  }

  /** Undefined for most: its tenant has not said so, or it is not sampled. */
  watch(request: CallRequest, { observed_share, tenants }: Generation): Watched | undefined {
    if (observed_share === 0 || tenants.get(request.tenant)?.observes !== true || !canCompare(request))
      return undefined;
    const { rng, series } = this.#parts;
    if (observed_share < 1 && rng.next() >= observed_share) return undefined;
    if (this.#pending.size >= PENDING_MAX) {
      series.dropped('busy');
      return undefined;
    }
    const sink = new WatchedSink(request.sink);
    return {
      request: { ...request, sink },
      decide: ({ choice, fanout }) => {
        // Of several agents none is the one who has answered.
        if (fanout !== undefined && choice === undefined) return;
        const { call_id } = request;
        const answer = new ClientAnswer(request.facet.dialect, request.stream);
        this.#pending.set(call_id, { request, answer, is_chosen: choice !== undefined });
        sink.watch(answer, {
          onAnswered: () => this.#answered(call_id),
          onFailed: () => this.#pending.delete(call_id),
        });
      },
    };
  }

  /** Sees all events. */
  observe(event: RouterEvent): void {
    if (event.type === 'route.feedback') {
      // Words are of people: what is trained by them is not what a rule takes for right.
      if (event.by !== undefined) return;
      const { tenant, call_id, right, at_ms } = event;
      const { observed_share, tenants } = this.#parts.generation();
      if (observed_share === 0 || tenants.get(tenant)?.observes !== true) return;
      this.word({ tenant, request_id: call_id, score: right, at_ms });
      return;
    }
    if (event.type !== 'call.ended' && event.type !== 'route.decided') return;
    const pending = this.#pending.get(event.call_id);
    if (pending === undefined) return;
    if (event.outcome !== 'ok') this.#pending.delete(event.call_id);
    else if (event.type === 'call.ended') pending.ended = event;
    else pending.decided = event;
    this.#check(event.call_id);
  }

  /** What somebody says of an answer that was observed. */
  word(of: Omit<ObservedWord, 'v' | 'kind'>): void {
    this.#enqueue({ kind: 'word', record: { v: OBSERVATION_VERSION, kind: 'word', ...of } });
  }

  /** Resolves when what waits has been handed on. */
  settled(): Promise<void> {
    return this.#working ? new Promise((resolve) => this.#idle.push(resolve)) : Promise.resolve();
  }

  #answered(call_id: string): void {
    const pending = this.#pending.get(call_id);
    if (pending === undefined) return;
    const said = pending.answer.read();
    if (said === undefined) {
      this.#pending.delete(call_id);
      this.#parts.series.dropped('unreadable');
      return;
    }
    pending.said = said.text;
    this.#check(call_id);
  }

  #check(call_id: string): void {
    const pending = this.#pending.get(call_id);
    if (pending?.ended === undefined || pending.said === undefined) return;
    const { request, is_chosen, ended, decided, said } = pending;
    if (is_chosen && decided === undefined) return;
    this.#pending.delete(call_id);
    this.#enqueue({ kind: 'call', ready: { request, ended, decided, said } });
  }

  #enqueue(work: Work): void {
    const { series, later } = this.#parts;
    if (this.#queue.length >= QUEUE_MAX) {
      series.dropped('queue');
      return;
    }
    this.#queue.push(work);
    if (this.#working) return;
    this.#working = true;
    later(() => this.#next());
  }

  #next(): void {
    const work = this.#queue.shift();
    if (work !== undefined) this.#do(work);
    if (this.#queue.length > 0) {
      this.#parts.later(() => this.#next());
      return;
    }
    this.#working = false;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  #do(work: Work): void {
    const { series, add } = this.#parts;
    if (work.kind === 'word') {
      add(work.record, WORD_CHARS);
      series.kept('word');
      return;
    }
    const record = this.#recordOf(work.ready);
    if (record === undefined) return;
    add(record, record.prompt.length + record.answer.length + WORD_CHARS);
    series.kept('observation');
  }

  #recordOf(ready: Ready): ObservedCall | undefined {
    const { series, generation } = this.#parts;
    // Its tenant may have taken it back meanwhile.
    if (generation().tenants.get(ready.ended.tenant)?.observes !== true) {
      series.dropped('off');
      return undefined;
    }
    try {
      const record = observed(ready, this.#parts);
      if (record === undefined) series.dropped('guard');
      return record;
    } catch {
      // What was thrown may quote a prompt.
      series.dropped('fault');
      return undefined;
    }
  }
}

/** Of a record beside its texts. */
const WORD_CHARS = 512;

function observed({ request, ended, decided, said }: Ready, { ids, hashOf }: RecorderParts): ObservedCall | undefined {
  const whole = request.promptTexts().join('\n');
  const [prompt, answer] = [guard(whole), guard(said)];
  if (prompt === undefined || answer === undefined) return undefined;
  const { call_id, tenant, task_type, usage, cost_usd_nanos, attempts } = ended;
  const model = decided?.lesson.taken ?? attempts.findLast(({ outcome }) => outcome === 'ok')?.model ?? request.model;
  const thought = decided?.candidates.find((one) => one.model === model);
  const { topic, lineage } = decided?.lesson ?? {};
  const at_ms = Math.floor(decided?.at_ms ?? request.started_ms + ended.latency_ms);
  return {
    ...{ v: OBSERVATION_VERSION, kind: 'observation', id: ids.next(at_ms), at_ms },
    ...{ tenant, request_id: call_id, model },
    ...(task_type !== undefined && { task_type }),
    ...(topic !== undefined && { topic, lineage }),
    ...{ prompt: prompt.text, answer: answer.text, prompt_hash: hashOf(whole), is_cut: prompt.cut || answer.cut },
    ...{ in_tokens: usage.in_tokens, out_tokens: usage.out_tokens, cost_usd_micros: nanosToMicros(cost_usd_nanos) },
    ...(thought !== undefined && { chance: thought.chance, spread: thought.spread }),
    removed: sumOf(prompt.removed, answer.removed),
  };
}
