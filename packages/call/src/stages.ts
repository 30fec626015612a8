import type { AtpError } from '@atp-router/kernel';

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
  open(call: StageCall): StageRun<Req, Chunk>;
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

export interface StageRun<Req, Chunk> {
  onRequest?(request: Req): RequestVerdict<Req>;
  onChunk?(chunk: Chunk): ChunkVerdict<Chunk>;
  onEnd?(summary: StageSummary): EndVerdict<Chunk>;
}

export interface StageSummary {
  readonly outcome: 'ok' | 'error' | 'cancelled';
  readonly in_tokens: number;
  readonly out_tokens: number;
  readonly cost_usd_micros: number;
  readonly latency_ms: number;
}
