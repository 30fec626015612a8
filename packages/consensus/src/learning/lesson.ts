import type { StrategyKind } from '../plan.ts';

/** One lane of a session that is over. */
export interface LessonLane {
  readonly source: string;
  /** Equal answers have the same number, from 0; -1 where there is none. */
  readonly choice: number;
  /** Absent: nobody waited for it, so nothing is said of its time. */
  readonly in_time?: boolean | undefined;
  /** A deadline or its budget cut it short. */
  readonly is_partial: boolean;
  /** Who was asked because of what others had said. */
  readonly is_late: boolean;
  /** Part of the result that it carries, 0 to 1. */
  readonly share: number;
  /** Share of its citations that hold, 0 to 1; absent where it cites nothing. */
  readonly evidence?: number | undefined;
}

/** A session that came to a result, without its words. */
export interface SessionLesson {
  readonly policy: string;
  /** Kind of the task, where tasks are told apart. */
  readonly cluster: string | undefined;
  /** Of the result; -1 where it says what no lane says. */
  readonly result: number;
  readonly lanes: readonly LessonLane[];
  /** Everybody was asked, whatever the others said: votes may be learned from it. */
  readonly is_free: boolean;
}

/** What somebody says of a session who knows what was right. */
export interface FeedbackLesson {
  readonly policy: string;
  readonly cluster: string | undefined;
  readonly strategy: StrategyKind;
  /** As the strategy said it, before calibration. */
  readonly confidence: number;
  /** How right the result was, 0 to 1; absent: only lanes were marked. */
  readonly score?: number | undefined;
  /** `right`: 0 to 1; absent: nobody knows. */
  readonly lanes: readonly { readonly source: string; readonly choice: number; readonly right?: number | undefined }[];
  /** What other strategies would have made of the same answers, 0 to 1. */
  readonly gains: readonly { readonly kind: StrategyKind; readonly gain: number }[];
}
