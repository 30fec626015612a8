import type { ErrorCode } from '@atp-router/kernel';
import type { LaneAnswer } from '../answer.ts';
import type { Member, Trigger } from '../plan.ts';
import type { FollowUp, Reconciled } from '../strategy.ts';

/** Why a lane has no answer. */
export interface LaneError {
  readonly code: ErrorCode;
  readonly message: string;
}

export type CancelReason = 'early_exit' | 'deadline' | 'expired' | 'aborted';

/** INIT → ADMITTED | REJECTED → STREAMING ⇄ PAUSED → FINALIZED | FAILED; what nobody needs any more is CANCELLED. */
export type LanePhase =
  | { readonly kind: 'init' }
  | { readonly kind: 'admitted' }
  /** No budget, window or right for it. */
  | { readonly kind: 'rejected'; readonly error: LaneError }
  | { readonly kind: 'streaming' }
  /** More pieces wait for an earlier one than may. */
  | { readonly kind: 'paused' }
  | { readonly kind: 'finalized' }
  | { readonly kind: 'failed'; readonly error: LaneError }
  /** `never_began`: it was not asked, so its time says nothing of it. */
  | { readonly kind: 'cancelled'; readonly reason: CancelReason; readonly never_began?: true };

/**
 * INIT → DISPATCHED → STREAMING → BUFFERING → (PROVISIONAL) → RECONCILING → COMPLETE, with ESCALATION and ARBITER on the
 * way back to RECONCILING; ERROR from anywhere.
 */
export type SessionPhase =
  | { readonly kind: 'init' }
  | { readonly kind: 'dispatched' }
  | { readonly kind: 'streaming' }
  /** One answer at least is complete, and others are waited for. */
  | { readonly kind: 'buffering' }
  | { readonly kind: 'provisional'; readonly revision: number; readonly result: Reconciled }
  | { readonly kind: 'reconciling' }
  | { readonly kind: 'escalation'; readonly trigger: EscalationCause }
  | { readonly kind: 'arbiter' }
  | { readonly kind: 'complete'; readonly result: Reconciled }
  | { readonly kind: 'error'; readonly error: LaneError };

/** `clones_failed`: every clone of a persona has failed. */
export type EscalationCause = Trigger | 'clones_failed';

export type SessionEvent =
  | { readonly type: 'start' }
  | { readonly type: 'admitted'; readonly lane: number }
  | { readonly type: 'rejected'; readonly lane: number; readonly error: LaneError }
  /** A piece of a lane's answer; `seq` counts from 0 in each lane. One that came before has no effect. */
  | { readonly type: 'piece'; readonly lane: number; readonly seq: number; readonly text: string }
  /** The lane begins anew: what it said so far does not count. Its pieces count from 0 again. */
  | { readonly type: 'restarted'; readonly lane: number }
  /** The lane has no more than `pieces` pieces. */
  | { readonly type: 'final'; readonly lane: number; readonly pieces: number; readonly is_cut: boolean }
  | { readonly type: 'failed'; readonly lane: number; readonly error: LaneError }
  /** `text` is undefined where it failed, was refused, or is over its cap. */
  | { readonly type: 'follow_up'; readonly id: string; readonly source: string; readonly text: string | undefined }
  | { readonly type: 'timer'; readonly timer: SessionTimer }
  /** The client left, a kill switch was thrown, the router stops. */
  | { readonly type: 'abort'; readonly error: LaneError };

export type SessionTimer = 'deadline' | 'tight' | 'expiry' | 'late';

export type SessionEffect =
  | { readonly type: 'dispatch'; readonly lane: number; readonly member: Member }
  | { readonly type: 'ask'; readonly ask: FollowUp }
  | { readonly type: 'cancel'; readonly lane: number; readonly reason: CancelReason }
  | { readonly type: 'cancel_ask'; readonly id: string }
  /** Read no more of the lane for now. */
  | { readonly type: 'pause'; readonly lane: number }
  | { readonly type: 'resume'; readonly lane: number }
  | { readonly type: 'set_timer'; readonly timer: SessionTimer; readonly delay_ms: number }
  | { readonly type: 'clear_timer'; readonly timer: SessionTimer }
  /** A result that may still change; `revision` counts from 0. */
  | { readonly type: 'provisional'; readonly result: Reconciled; readonly revision: number; readonly expiry_ms: number }
  /** What will not change any more of a result that is still in the making. */
  | { readonly type: 'partial'; readonly text: string }
  | { readonly type: 'escalated'; readonly cause: EscalationCause; readonly lane: number }
  /**
   * Of a lane that began early, right before the end: `accepted`: what others said was taken without it; `rejected`: it was not,
   * and this lane was needed.
   */
  | {
      readonly type: 'speculated';
      readonly lane: number;
      readonly source: string;
      readonly outcome: 'accepted' | 'rejected';
    }
  | { readonly type: 'complete'; readonly result: Reconciled }
  | { readonly type: 'fail'; readonly error: LaneError };

/** A lane as records and displays have it. */
export interface LaneView {
  readonly lane: number;
  readonly member: Member;
  readonly phase: LanePhase;
  readonly answer: LaneAnswer | undefined;
  /** What it has said so far, in order, also where nobody waits for the rest. */
  readonly text: string;
  /** Pieces that had to wait for an earlier one, and the most that waited at once. */
  readonly waits: number;
  readonly waiting_max: number;
}

/** When what happened, in the caller's milliseconds; undefined: it has not. */
export interface Timeline {
  readonly started_ms: number;
  readonly first_piece_ms: number | undefined;
  readonly first_final_ms: number | undefined;
  readonly reconciling_ms: number | undefined;
  readonly ended_ms: number | undefined;
}
