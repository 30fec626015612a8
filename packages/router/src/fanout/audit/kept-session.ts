import type {
  CascadeStep,
  FanoutPlan,
  Finding,
  FollowUp,
  Reconciled,
  SessionTimer,
  StrategyKind,
} from '@atp-router/consensus';
import { clip } from '@atp-router/kernel';

/** Characters (UTF-16) of one text that are kept of a session, and of all of them together. */
export const KEPT_TEXT_CHARS = 65_536;
export const KEPT_SESSION_CHARS = 524_288;

/** A text as it is kept: shorter than `chars` where it was cut. */
export interface KeptText {
  readonly text: string;
  readonly chars: number;
}

/** What a session was told that its result can depend on, in its order. Offsets are milliseconds after its start. */
export type KeptStep =
  | { readonly at_ms: number; readonly type: 'final'; readonly lane: number; readonly is_cut: boolean }
  | { readonly at_ms: number; readonly type: 'admitted'; readonly lane: number }
  | { readonly at_ms: number; readonly type: 'failed' | 'rejected'; readonly lane: number; readonly error: string }
  | { readonly at_ms: number; readonly type: 'follow_up'; readonly id: string }
  | { readonly at_ms: number; readonly type: 'timer'; readonly timer: SessionTimer };

export interface KeptStanding {
  readonly sources: readonly { readonly source: string; readonly weight: number; readonly win_rate: number }[];
  /** Each confidence that was corrected, and what came of it. */
  readonly calibrated: readonly {
    readonly strategy: StrategyKind;
    readonly raw: number;
    readonly calibrated: number;
  }[];
  /** Of a cascade: what followed from what came; absent: it was none. */
  readonly steps?: readonly { readonly way: string; readonly step: CascadeStep }[];
}

/** What is sealed of a session: who said what, and all that its decision rested on but the documents of the task. */
export interface KeptSession {
  readonly v: 1;
  readonly task_type: string | null;
  /** It came to nothing, and the result is of the policy's own chain. */
  readonly fell_back: boolean;
  /** Without the prompts of personas. */
  readonly plan: FanoutPlan;
  readonly standing: KeptStanding;
  readonly steps: readonly KeptStep[];
  /** There were more. */
  readonly steps_cut: boolean;
  readonly lanes: readonly (KeptText & { readonly lane: number })[];
  /** `text` is null where nobody answered. */
  readonly follow_ups: readonly {
    readonly id: string;
    readonly role: FollowUp['role'];
    readonly source: string;
    readonly text: string | null;
    readonly chars: number;
  }[];
  readonly result: KeptResult | null;
  /** What kept it from a result, in words. */
  readonly error: string | null;
  /** Whose vectors it compared; null or absent: hashed ones, or none. */
  readonly embedder?: string | null;
}

export interface KeptResult extends KeptText, Omit<Reconciled, 'text' | 'findings' | 'lane'> {
  readonly lane: number | null;
  readonly findings: readonly Finding[] | null;
  /** They would not have fitted. */
  readonly findings_cut: boolean;
}

/** Hands out what may be kept of one session. */
export class KeptRoom {
  #left = KEPT_SESSION_CHARS;

  text(text: string): KeptText {
    const kept = clip(text, Math.min(KEPT_TEXT_CHARS, this.#left));
    this.#left -= kept.length;
    return { text: kept, chars: text.length };
  }

  /** All of them or, where they do not fit, none. */
  findings(findings: readonly Finding[] | undefined): readonly Finding[] | null {
    if (findings === undefined) return null;
    const { length } = JSON.stringify(findings);
    if (length > Math.min(KEPT_TEXT_CHARS, this.#left)) return null;
    this.#left -= length;
    return findings;
  }
}

/** The plan as records may have it: what a persona is told is for agents alone. */
export function withoutPrompts(plan: FanoutPlan): FanoutPlan {
  const text = JSON.stringify(plan, (name, value: unknown) => (name === 'system_prompt' ? undefined : value));
  return JSON.parse(text) as FanoutPlan;
}
