import type { ConsensusEnded } from './consensus-events.ts';
import type { AttemptFootprint } from './footprint.ts';
import type { LaneMark } from './lane-mark.ts';
import type { ConsensusLearned, FeedbackGiven } from './learned-events.ts';
import type { ModelCustody, ModelMoved, ShadowCompared } from './model-events.ts';
import type { NodeStarted, NodeStopped } from './node-events.ts';
import type { RouteEvent } from './route-events.ts';
import type { CallCached, CallReplayed } from './cache-events.ts';
import type { SessionClosed, SessionDenied, SessionOpened } from './session-events.ts';
import type { Footprint, Price, Qos, Usage, UsdNanos } from '@atp-router/kernel';

/**
 * The event catalogue, version 1: everything that happens in a router and has to be remembered, counted or shown.
 * The journal, metrics, the admin event stream and the SQL projections all read these and nothing else.
 * A field is never removed or given a new meaning within a version; new optional fields and new types may be added, and
 * readers ignore types that they do not know.
 */
export const EVENT_VERSION = 1;

export type AttemptKind = 'primary' | 'retry' | 'fallback' | 'hedge';

export type CallOutcome = 'ok' | 'error' | 'cancelled' | 'interrupted';

/** What is promised to the journal before an upstream sees a single byte. */
export interface AttemptIntent extends LaneMark {
  /** 1, 2, … within the call. */
  readonly n: number;
  /** Upstream turn within the call, from 1. */
  readonly turn: number;
  readonly kind: AttemptKind;
  readonly model: string;
  readonly provider: string;
  /** Estimated prompt tokens. */
  readonly in_tokens: number;
  /** Output tokens that are reserved. */
  readonly out_tokens: number;
  readonly reserved_usd_nanos: UsdNanos;
  /** The price that the attempt will be settled at; absent for an unpriced upstream model. */
  readonly price?: Price | undefined;
}

/** How an attempt ended and what it costs. */
export interface AttemptRecord extends LaneMark, AttemptFootprint {
  readonly n: number;
  readonly turn: number;
  readonly kind: AttemptKind;
  readonly model: string;
  readonly provider: string;
  readonly outcome: CallOutcome;
  readonly error?: string | undefined;
  readonly upstream_status?: number | undefined;
  readonly usage: Usage;
  /** `reported` by the provider, `counted` by the router because the provider did not say, `none` when nothing is billable. */
  readonly usage_source: 'reported' | 'counted' | 'none';
  readonly cost_usd_nanos: UsdNanos;
  /** The part of the cost that tools at the provider took; absent when they took none. */
  readonly tools_usd_nanos?: UsdNanos | undefined;
  /** Start of the attempt after the start of the call. */
  readonly offset_ms?: number | undefined;
  readonly latency_ms: number;
  readonly ttfb_ms?: number | undefined;
}

/** Who called what; carried by the first and the last event of a call so that each can be read alone. */
export interface CallHead {
  readonly call_id: string;
  readonly tenant: string;
  readonly key_id: string;
  /** Ingress shape: `chat.completions`, `messages`, `responses`, `embeddings`, `ask`. */
  readonly endpoint: string;
  /** The model name as the client wrote it. */
  readonly requested_model: string;
  readonly policy?: string | undefined;
  readonly agent?: string | undefined;
  readonly qos: Qos;
  readonly task_type?: string | undefined;
  readonly stream: boolean;
  /** W3C trace context of the caller: 32 hex digits, 16 hex digits, and whether it samples. */
  readonly trace_id?: string | undefined;
  readonly parent_span_id?: string | undefined;
  readonly trace_sampled?: boolean | undefined;
  /** Wall clock at admission, ms since the epoch. */
  readonly started_ms: number;
  /**
   * `YYYY-MM-DD`: the UTC day whose budgets the call is charged to, fixed when its reservation is granted. Absent where
   * that is the day of `started_ms`, as for all but those that waited over midnight, and in records of older routers.
   */
  readonly budget_day?: string | undefined;
}

export interface CallOpened extends CallHead {
  readonly type: 'call.opened';
  readonly idempotency?: IdempotencyRef | undefined;
  readonly attempt: AttemptIntent;
}

export interface AttemptStarted {
  readonly type: 'attempt.started';
  readonly call_id: string;
  readonly attempt: AttemptIntent;
}

/** Written at intervals while a stream runs, so that recovery can settle what a dead process had relayed. */
export interface AttemptProgress {
  readonly type: 'attempt.progress';
  readonly call_id: string;
  readonly n: number;
  /** Output tokens counted so far. */
  readonly out_tokens: number;
  /** What the provider has reported so far, if it does as it goes. One that tells the prompt first leaves the rest at 0. */
  readonly reported?: Usage | undefined;
}

/** An attempt that ended while its call goes on: a retry or fallback follows, or other lanes. The last one is inside `call.ended`. */
export interface AttemptEnded {
  readonly type: 'attempt.ended';
  readonly call_id: string;
  readonly attempt: AttemptRecord;
}

/** The usage record: exactly one for each call that was opened. */
export interface CallEnded extends CallHead, Footprint {
  readonly type: 'call.ended';
  readonly outcome: CallOutcome;
  /** Code of the error catalogue when `outcome` is not `ok`. */
  readonly error?: string | undefined;
  /** HTTP status shown to the client. */
  readonly status: number;
  readonly attempts: readonly AttemptRecord[];
  /** Sums over all attempts. */
  readonly usage: Usage;
  readonly cost_usd_nanos: UsdNanos;
  readonly latency_ms: number;
  readonly ttfb_ms?: number | undefined;
  readonly idempotency?: IdempotencyRef | undefined;
}

export interface IdempotencyRef {
  /** Hex SHA-256 of tenant, endpoint and the client's key. */
  readonly scope_hash: string;
  /** Hex SHA-256 of the request body. */
  readonly body_hash: string;
  /** When the key is free again if no outcome gets stored (the call is cut short). A day after the record when absent. */
  readonly expires_ms?: number;
}

/** The first outcome of an idempotent call, kept to be replayed. Written before `call.ended`, in the same block. */
export interface IdempotencyStored {
  readonly type: 'idempotency.stored';
  readonly scope_hash: string;
  readonly body_hash: string;
  readonly call_id: string;
  readonly expires_ms: number;
  /** AES-256-GCM of status, headers and body, base64; empty when the outcome was too large to keep. */
  readonly sealed: string;
}

export interface ConfigApplied {
  readonly type: 'config.applied';
  readonly generation: number;
  readonly hash: string;
  /** Whether the file changed, or an operator through the admin API. Absent in old journals. */
  readonly source?: 'file' | 'admin' | undefined;
}

export interface ConfigRejected {
  readonly type: 'config.rejected';
  readonly problems: number;
  readonly first: string;
}

export interface LimitsChanged {
  readonly type: 'limits.changed';
  readonly tenant: string;
  readonly before: Readonly<Record<string, number | null>>;
  readonly after: Readonly<Record<string, number | null>>;
}

export interface BreakerChanged {
  readonly type: 'breaker.changed';
  readonly provider: string;
  readonly model: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

export type KillScope = 'key' | 'model' | 'provider' | 'tenant';

export interface KillSet {
  readonly type: 'kill.set';
  readonly scope: KillScope;
  readonly id: string;
  readonly on: boolean;
  readonly reason: string;
  readonly by: string;
  readonly stopped_calls: number;
  /** When it was switched on, ms since the epoch; null when it is off. */
  readonly since_ms: number | null;
}

/** `papers`: what was done with a model at run time (its status, its manifest), by the model's id. */
export type EntityKind = 'tenant' | 'key' | 'model' | 'provider' | 'papers';

/** A tenant, key, model, provider or papers of a model, made or changed through the admin API. `value` never holds a secret in clear. */
export interface EntityPut {
  readonly type: 'entity.put';
  readonly kind: EntityKind;
  readonly id: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly by: string;
}

export interface EntityDeleted {
  readonly type: 'entity.deleted';
  readonly kind: EntityKind;
  readonly id: string;
  readonly by: string;
}

/** A request that was refused before any intent was written: counted and shown, but nothing to settle. */
export interface CallRefused {
  readonly type: 'call.refused';
  /** Empty, like `key_id`, when no key was recognised. */
  readonly tenant: string;
  readonly key_id: string;
  readonly endpoint: string;
  readonly error: string;
}

/** A stage (guard, validator) refused a request or ended an answer. How the call ended is in `call.ended` or `call.refused`. */
export interface StageAborted {
  readonly type: 'stage.aborted';
  readonly call_id: string;
  readonly tenant: string;
  /** The stage's stable name. */
  readonly stage: string;
  readonly error: string;
}

export type RouterEvent =
  | CallOpened
  | AttemptStarted
  | AttemptProgress
  | AttemptEnded
  | CallEnded
  | CallRefused
  | CallCached
  | CallReplayed
  | StageAborted
  | IdempotencyStored
  | ConsensusEnded
  | ConsensusLearned
  | FeedbackGiven
  | RouteEvent
  | ModelMoved
  | ModelCustody
  | ShadowCompared
  | NodeStarted
  | NodeStopped
  | ConfigApplied
  | ConfigRejected
  | LimitsChanged
  | BreakerChanged
  | KillSet
  | EntityPut
  | EntityDeleted
  | SessionOpened
  | SessionClosed
  | SessionDenied;

export type EventType = RouterEvent['type'];

/** An event as the journal keeps it. The journal file names `node_id` and `epoch` once; `seq` rises by one. */
export type JournalRecord = RouterEvent & {
  readonly v: number;
  readonly seq: number;
  readonly ts_ms: number;
};

const LIVE_ONLY: ReadonlySet<EventType> = new Set([
  'call.refused',
  'call.cached',
  'call.replayed',
  'stage.aborted',
  'session.opened',
  'session.closed',
]);

/** Events that stay in memory (metrics, live stream) and are not written to the journal: they settle nothing. */
export function isJournaled(type: EventType): boolean {
  return !LIVE_ONLY.has(type);
}
