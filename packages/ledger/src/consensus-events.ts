import type { UsdNanos } from '@atp-router/kernel';
import type { LaneRole } from './lane-mark.ts';

/** How far one lane of a fan-out came: names of the session's lane states. */
export type ConsensusLaneState =
  | 'init'
  | 'admitted'
  | 'rejected'
  | 'streaming'
  | 'paused'
  | 'finalized'
  | 'failed'
  | 'cancelled';

/** What was spent on one lane or one question. */
export interface ConsensusSpent {
  /** Prompt and answer together, of all its attempts. */
  readonly tokens: number;
  readonly cost_usd_nanos: UsdNanos;
}

/** One voice of a session. Offsets are milliseconds after the session began; absent: it did not come so far. */
export interface ConsensusLane extends ConsensusSpent {
  readonly lane: number;
  readonly role: 'member' | 'challenger' | 'escalation';
  /** Id of the persona, agent or model that was asked. */
  readonly source: string;
  readonly clone: number;
  /** The model that was asked; absent when none was. */
  readonly model?: string | undefined;
  readonly state: ConsensusLaneState;
  /** Code of the catalogue, of a lane that failed or was rejected. */
  readonly error?: string | undefined;
  /** Why it was stopped. */
  readonly reason?: 'early_exit' | 'deadline' | 'expired' | 'aborted' | undefined;
  /** Part of the result that it carries, 0 to 1. */
  readonly share: number;
  readonly attempts: number;
  readonly admitted_ms?: number | undefined;
  readonly first_piece_ms?: number | undefined;
  readonly ended_ms?: number | undefined;
  /** Pieces that had to wait for an earlier one. */
  readonly waits: number;
  readonly answer_chars: number;
}

/** Who was asked beside the members: by a strategy, before them (`filter`), or when they came to nothing (`fallback`). */
export interface ConsensusFollowUp extends ConsensusSpent {
  readonly id: string;
  /** Its number in records of attempts; absent when nobody was asked. */
  readonly lane?: number | undefined;
  readonly role: Exclude<LaneRole, 'member' | 'challenger'>;
  readonly source: string;
  /** False: it failed, was refused, or came too late. */
  readonly answered: boolean;
  readonly asked_ms: number;
  readonly ended_ms?: number | undefined;
}

/** How much of the answers others say, too, without a word of them: of the first words of each, see `heatmapOf`. */
export interface HeatmapSummary {
  /** Mean over the lanes, 0 to 1. */
  readonly shared: number;
  readonly lanes: readonly { readonly lane: number; readonly shared: number }[];
}

/** How long the parts of a session took; together they are `complete_ms`. */
export interface ConsensusTiming {
  /** Until the first lane was admitted. */
  readonly dispatch_ms: number;
  /** From there until reconciling began. */
  readonly stream_ms: number;
  readonly reconcile_ms: number;
  readonly complete_ms: number;
}

/**
 * How a call that asked several agents came to its result: exactly one for each such call that was opened, right behind its
 * `call.ended`, so that no session is on record whose call is not. A call that a crash interrupted has none. It settles
 * nothing. No field but `sealed` holds what a client asked or an agent said.
 */
export interface ConsensusEnded {
  readonly type: 'consensus.ended';
  readonly call_id: string;
  readonly tenant: string;
  readonly policy: string;
  /** The strategy that decided last: `arbiter` where an escalation had not helped. */
  readonly strategy: string;
  readonly mode: 'speculative' | 'diverse' | 'clone';
  readonly outcome: 'ok' | 'error' | 'cancelled';
  readonly error?: string | undefined;
  /** Wall clock at the start of the session, ms since the epoch. */
  readonly started_ms: number;
  readonly lanes: readonly ConsensusLane[];
  readonly follow_ups: readonly ConsensusFollowUp[];
  /** Of the answers with each other, 0 to 1; absent without a result, as `confidence`. */
  readonly agreement?: number | undefined;
  /** As the strategy says it, and as past outcomes correct it, 0 to 1. */
  readonly confidence?: { readonly raw: number; readonly calibrated: number } | undefined;
  /** The lane whose answer is the result, word for word. */
  readonly chosen_lane?: number | undefined;
  /** How many findings the result has; absent where it is none of findings. */
  readonly findings?: number | undefined;
  /** Why somebody who knows better was asked. */
  readonly escalation?: string | undefined;
  readonly arbiter: { readonly used: boolean; readonly refused_by_cap: boolean };
  /** Whether the others agree more with the challenger than with the result; absent without one that answered. */
  readonly challenger?: 'win' | 'tie' | 'loss' | undefined;
  /** Results that were told before the final one, and how often one was changed. */
  readonly provisional: number;
  readonly revisions: number;
  readonly timing: ConsensusTiming;
  /** Why the result came out so, one step each, without what the words quote; whole they are in `sealed`. */
  readonly decision: readonly string[];
  readonly uncertainties: readonly string[];
  readonly heatmap?: HeatmapSummary | undefined;
  /** Documents of the task that citations were held against. They are not kept. */
  readonly documents: number;
  readonly tokens: number;
  readonly cost_usd_nanos: UsdNanos;
  /**
   * AES-256-GCM of the texts of all lanes, of the result, and of what is needed to come to it again, base64; empty when the
   * operator does not have answers kept (`consensus.keep_answers`).
   */
  readonly sealed: string;
}
