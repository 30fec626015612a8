import type { AtpError } from '@atp-router/kernel';
import type { AttemptKind } from './types.ts';

/**
 * A stage sees a call's request and the events of its answer on their way to the client. Guards and validators are
 * stages that claim the body; learners observe. Bytes are relayed untouched when no stage claims the body.
 *
 * `Req` is the decoded request, `Chunk` one event of the answer; this room knows neither shape.
 */
export interface Stage<Req, Chunk> {
  /** Stable name: metrics and errors carry it. */
  readonly id: string;
  /** What it wants of a call; decided once, when the call is admitted. */
  claims(call: StageCall): StageClaim;
  /** Opens the stage for one call. */
  open(call: StageCall): CallStage<Req, Chunk>;
}

/** A stage at work on one call. What the request and its answers have in common is kept here. */
export interface CallStage<Req, Chunk> {
  /** Once per call, before its first attempt is dispatched; what it says holds for all attempts. */
  onRequest?(request: Req): RequestVerdict<Req>;
  /**
   * For each attempt that answers: a retry, a fallback and a hedge answer anew, also side by side. What a stage
   * remembers of an answer belongs into the run, or the words of one attempt end up in the answer of another.
   */
  openRun?(attempt: StageAttempt): StageRun<Chunk>;
}

/** The attempt that a run belongs to. */
export interface StageAttempt {
  /** Counted from 1 over the whole call. */
  readonly n: number;
  readonly turn: number;
  readonly kind: AttemptKind;
  readonly model: string;
  readonly provider: string;
}

/** Facts of a call that a stage may decide on. */
export interface StageCall {
  readonly call_id: string;
  readonly tenant: string;
  readonly endpoint: string;
  readonly model: string;
  readonly qos: string;
  readonly task_type?: string;
  readonly stream: boolean;
}

export interface StageClaim {
  readonly request: boolean;
  /** `rewrite` may hold, replace or abort; `observe` sees copies and changes nothing. */
  readonly body: 'none' | 'observe' | 'rewrite';
}

export type RequestVerdict<Req> =
  | { readonly kind: 'pass' }
  | { readonly kind: 'replace'; readonly request: Req }
  | { readonly kind: 'abort'; readonly error: AtpError };

export type ChunkVerdict<Chunk> =
  | { readonly kind: 'pass' }
  /** Keep this chunk back; it goes out, in order, before the next one that passes. */
  | { readonly kind: 'hold' }
  /** Send these instead of everything held and this chunk. */
  | { readonly kind: 'replace'; readonly chunks: readonly Chunk[] }
  | { readonly kind: 'abort'; readonly error: AtpError };

export type EndVerdict<Chunk> =
  | { readonly kind: 'pass' }
  | { readonly kind: 'append'; readonly chunks: readonly Chunk[] }
  /** Drop what is held and send these instead. */
  | { readonly kind: 'replace'; readonly chunks: readonly Chunk[] }
  | { readonly kind: 'abort'; readonly error: AtpError };

/** A stage at work on the answer of one attempt. */
export interface StageRun<Chunk> {
  onChunk?(chunk: Chunk): ChunkVerdict<Chunk>;
  /** Exactly once, however the attempt ends. The verdict counts only where the outcome is `ok`. */
  onEnd?(summary: StageSummary): EndVerdict<Chunk>;
}

/** How an attempt ended, and what it used. */
export interface StageSummary {
  /** `cancelled` is a hedge that lost, a client that left, or a call that was ended from outside. */
  readonly outcome: 'ok' | 'error' | 'cancelled';
  /** Code of the error catalogue, where one is known. */
  readonly error: string | undefined;
  /** This answer was chosen for the client, who got it whole or in part; at most one run of a turn is. */
  readonly won: boolean;
  readonly in_tokens: number;
  readonly out_tokens: number;
  readonly cost_usd_micros: number;
  readonly latency_ms: number;
}
