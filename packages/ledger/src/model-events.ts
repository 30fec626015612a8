import type { UsdNanos } from '@atp-router/kernel';

/** What `auto` and names may do with a model, see `ModelStatus` of routing. */
export type StatusOfModel = 'active' | 'shadow' | 'fallback' | 'deprecated';

/** Why a model's status changed: a closed list, so that causes can be counted. */
export type MoveCause =
  | 'operator'
  | 'evidence'
  | 'format_errors'
  | 'safety_incident'
  | 'too_dear'
  | 'quality_drift'
  | 'rollback';

/** The status of a model changed at run time. The moves of a model, in order, give its present status. */
export interface ModelMoved {
  readonly type: 'model.moved';
  readonly model: string;
  readonly from: StatusOfModel;
  readonly to: StatusOfModel;
  readonly cause: MoveCause;
  /** What the decision rests on, by name; units are last in the names. Empty where somebody just said so. */
  readonly numbers: Readonly<Record<string, number>>;
  readonly note: string;
  /** Id of the admin key, or `rule`. */
  readonly by: string;
  readonly at_ms: number;
}

export type CustodyStep = 'build' | 'scan' | 'sign' | 'deploy' | 'promote' | 'demote' | 'rollback' | 'retire';

/** A step in the life of a model: who had it in hand, and what was done. */
export interface ModelCustody {
  readonly type: 'model.custody';
  readonly model: string;
  readonly step: CustodyStep;
  /** Hex SHA-256 of the manifest that it was about; absent: there is none. */
  readonly manifest_hash?: string | undefined;
  readonly by: string;
  readonly note: string;
  readonly at_ms: number;
}

/**
 * A shadow model was asked what a client had asked, and its answer held against the one that the client got. Behind the
 * `call.ended` of the shadow's own call. No field holds what either of them said.
 */
export interface ShadowCompared {
  readonly type: 'shadow.compared';
  /** The shadow's own call. */
  readonly call_id: string;
  /** Who answered the client, and who was asked beside it. */
  readonly champion: string;
  readonly challenger: string;
  /** When the challenger came to be a shadow, ms since the epoch; 0: in the file. What is older says nothing of it now. */
  readonly since_ms: number;
  /** An answer came, and it was not cut off. */
  readonly is_whole: boolean;
  /** It can be read in the form that the champion's can. */
  readonly is_readable: boolean;
  /** The same of the champion: its answer is not empty and was not cut off. */
  readonly champion_is_readable: boolean;
  /** How near both are, 0 to 1; 0 where there is nothing to compare. */
  readonly agreement: number;
  /** Near enough to count as the same. */
  readonly agrees: boolean;
  readonly latency_ms: number;
  readonly champion_latency_ms: number;
  readonly cost_usd_nanos: UsdNanos;
  readonly champion_cost_usd_nanos: UsdNanos;
  /** Both have a price, or run on this machine. */
  readonly is_priced: boolean;
  readonly at_ms: number;
}
