import type { EmbedOutcome } from '@atp-router/adapters';
import type { FallBack } from '@atp-router/consensus';
import { AtpError, clip, type Timer, toAtpError } from '@atp-router/kernel';
import type { AttemptRecord } from '@atp-router/ledger';
import type { Attempt } from '../engine/attempt.ts';
import { codecOf } from './embed-call.ts';
import { type Embedded, type EmbedOwner, EmbedRun } from './embed-run.ts';
import type { LaneParts } from './lane-parts.ts';
import type { LaneRun } from './lane-run.ts';
import type { SessionEmbedding } from './session-embedding.ts';

/** One request for vectors on its way. */
interface Request {
  /** Undefined where no upstream is asked. */
  readonly run: EmbedRun | undefined;
  readonly since_mono_ms: number;
  is_stopped: boolean;
}

/** The texts of one answer that are still to be embedded, request by request. */
interface Job {
  readonly lane: number;
  readonly batches: (readonly string[])[];
  readonly timer: Timer;
  readonly done: () => void;
  request: Request | undefined;
}

/**
 * Gets the vectors of answers before their session hears that they are complete, within a time. Where that fails, the whole
 * session goes on with hashed ones, at once.
 */
export class AnswerVectors {
  readonly #embedding: SessionEmbedding;
  readonly #parts: LaneParts;
  readonly #owner: Pick<EmbedOwner, 'guard' | 'onAttempt'>;
  readonly #jobs: Map<LaneRun, Job> = new Map();
  readonly #records: Map<number, AttemptRecord[]> = new Map();

  constructor(embedding: SessionEmbedding, parts: LaneParts, owner: Pick<EmbedOwner, 'guard' | 'onAttempt'>) {
    this.#embedding = embedding;
    this.#parts = parts;
    this.#owner = owner;
  }

  /** Of upstreams that were asked, by the lane whose answer they embedded. */
  get records(): ReadonlyMap<number, readonly AttemptRecord[]> {
    return this.#records;
  }

  /** Who made the vectors; undefined: the session fell back to hashed ones. */
  get embedder(): string | undefined {
    const { vectors } = this.#embedding;
    return vectors.fallen === undefined ? vectors.id : undefined;
  }

  /** `done` is called once, unless the lane or all of it is stopped. */
  prepare(run: LaneRun, text: string, done: () => void): void {
    const { timeout_ms, textsOf, vectors } = this.#embedding;
    const { ref } = run.work;
    const missing = this.#notKept(vectors.missing(textsOf(text, ref)));
    if (missing.length === 0) {
      done();
      return;
    }
    const late = { reason: 'timeout', words: `its vectors took more than ${timeout_ms} ms` } as const;
    const due = (): void => this.#owner.guard(() => this.#fallBack(late));
    const timer = this.#parts.env.ambient.timers.after(timeout_ms, due);
    const job: Job = { lane: ref.lane, batches: this.#batchesOf(missing), timer, done, request: undefined };
    this.#jobs.set(run, job);
    this.#next(run, job);
  }

  /** The session waits for this answer no longer. */
  cancel(run: LaneRun): void {
    const job = this.#jobs.get(run);
    if (job === undefined) return;
    this.#jobs.delete(run);
    this.#stop(job, 'cancelled');
  }

  stop(): void {
    for (const run of this.#jobs.keys()) this.cancel(run);
  }

  /** Ends those requests that have such an attempt at work; the session goes on without vectors. */
  abort(which: (attempt: Attempt) => boolean, error: AtpError): void {
    const asked = [...this.#jobs.values()].flatMap(({ request }) => request?.run ?? []);
    for (const run of asked) if (run.has(which)) run.abort(error);
  }

  /** Never throws. */
  breakDown(error: AtpError): void {
    for (const { timer, request } of this.#jobs.values()) {
      timer.cancel();
      if (request !== undefined) request.is_stopped = true;
      request?.run?.breakDown(error);
    }
    this.#jobs.clear();
  }

  #notKept(texts: readonly string[]): readonly string[] {
    const { kept, series, vectors } = this.#embedding;
    const known = texts.flatMap((text) => {
      const vector = kept.get(this.#clipped(text));
      return vector === undefined ? [] : [{ text, vector }];
    });
    if (known.length === 0) return texts;
    series.texts('cache', known.length);
    vectors.put(
      known.map(({ text }) => text),
      known.map(({ vector }) => vector),
    );
    return vectors.missing(texts);
  }

  #batchesOf(texts: readonly string[]): (readonly string[])[] {
    const { maker, max_batch } = this.#embedding;
    const size = maker.kind === 'model' ? Math.min(max_batch, codecOf(maker.target).inputs_max) : max_batch;
    const batches: (readonly string[])[] = [];
    for (let from = 0; from < texts.length; from += size) batches.push(texts.slice(from, from + size));
    return batches;
  }

  #next(run: LaneRun, job: Job): void {
    const batch = job.batches.shift();
    if (batch !== undefined) {
      this.#ask(run, job, batch);
      return;
    }
    this.#jobs.delete(run);
    job.timer.cancel();
    job.done();
  }

  #ask(run: LaneRun, job: Job, batch: readonly string[]): void {
    const { maker } = this.#embedding;
    const texts = batch.map((text) => this.#clipped(text));
    const since_mono_ms = this.#parts.env.ambient.clock.mono_ms();
    const answered = (result: Embedded): void => this.#answered(run, job, batch, result);
    if (maker.kind === 'model') {
      const work = { target: maker.target, dimensions: maker.dimensions, lane: job.lane, texts };
      const embed = new EmbedRun(work, this.#parts, { ...this.#told(job.lane), onEmbedded: answered });
      job.request = { run: embed, since_mono_ms, is_stopped: false };
      embed.start();
      return;
    }
    const request: Request = { run: undefined, since_mono_ms, is_stopped: false };
    job.request = request;
    const settled = (result: Embedded): void => {
      if (!request.is_stopped) this.#owner.guard(() => answered(result));
    };
    maker.embedder.embed(texts).then(settled, (thrown: unknown) => settled(toAtpError(thrown)));
  }

  #told(lane: number): Omit<EmbedOwner, 'onEmbedded'> {
    return {
      guard: (run) => this.#owner.guard(run),
      onAttempt: (attempt) => this.#owner.onAttempt(attempt),
      onBooked: (record) => this.#records.set(lane, [...(this.#records.get(lane) ?? []), record]),
    };
  }

  #answered(run: LaneRun, job: Job, batch: readonly string[], result: Embedded): void {
    if (this.#jobs.get(run) !== job) return;
    const { kept, series, vectors } = this.#embedding;
    this.#count(job, result instanceof AtpError ? 'error' : 'ok');
    if (result instanceof AtpError) {
      this.#fallBack({ reason: 'failed', words: `it gave none (${result.code})` });
      return;
    }
    vectors.put(batch, result);
    if (vectors.fallen !== undefined) {
      this.#release();
      return;
    }
    series.texts('made', batch.length);
    for (const [i, text] of batch.entries()) kept.put(this.#clipped(text), result[i] ?? new Float32Array(0));
    this.#next(run, job);
  }

  #fallBack(why: FallBack): void {
    this.#embedding.vectors.fallBack(why);
    this.#release(why.reason === 'timeout' ? 'timeout' : 'cancelled');
  }

  /** Nobody has to wait for vectors that are not used. */
  #release(outcome: EmbedOutcome = 'cancelled'): void {
    const jobs = [...this.#jobs.values()];
    this.#jobs.clear();
    for (const job of jobs) this.#stop(job, outcome);
    for (const { done } of jobs) done();
  }

  #stop(job: Job, outcome: EmbedOutcome): void {
    job.timer.cancel();
    if (job.request === undefined) return;
    this.#count(job, outcome);
    job.request = undefined;
  }

  /** Of a request that is over, how it ended. */
  #count({ request }: Job, outcome: EmbedOutcome): void {
    if (request === undefined || request.is_stopped) return;
    request.is_stopped = true;
    const seconds = (this.#parts.env.ambient.clock.mono_ms() - request.since_mono_ms) / 1_000;
    this.#embedding.series.request(this.#embedding.maker.kind, outcome, seconds);
    if (outcome !== 'ok') request.run?.stop();
  }

  #clipped(text: string): string {
    return clip(text, this.#embedding.max_chars);
  }
}
