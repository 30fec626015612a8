import type {
  ConsensusSession,
  Document,
  EvidenceCheck,
  FanoutPlan,
  Finding,
  ReadAnswer,
  Selected,
  Standing,
  Strategy,
  StrategyKind,
} from '@atp-router/consensus';
import type { Qos } from '@atp-router/kernel';
import type { CallHead, ConsensusLearned } from '@atp-router/ledger';

/** What one session works with; none of it changes while the session lasts. */
export interface SessionTools {
  readonly standing: Standing;
  readonly read: ReadAnswer;
  strategy(kind: StrategyKind): Strategy;
  /** Share of good citations of a text, 0 to 1; undefined where it cites nothing, or there is nothing to hold it against. */
  citations(text: string): number | undefined;
}

/** A session that is over. */
export interface OverSession {
  readonly head: CallHead;
  readonly policy: string;
  readonly plan: FanoutPlan;
  readonly documents: readonly Document[];
  readonly session: ConsensusSession;
}

/** A task for which those who are asked are to be chosen. */
export interface Choosing {
  readonly call_id: string;
  readonly task_type: string | undefined;
  readonly qos: Qos;
}

/** What the sessions of a router share: how answers are read and reconciled, and what was learned of who answers. */
export interface Reconciler {
  open(head: Pick<CallHead, 'task_type' | 'policy'>, plan: FanoutPlan, documents: readonly Document[]): SessionTools;
  /** What a session teaches, to be put on record: it is learned from the record. */
  lesson(over: OverSession): ConsensusLearned;
  /** Who is asked, where a plan has the best of its members asked only. */
  select(plan: FanoutPlan, task: Choosing): Selected;
  /** Holds what findings cite against the documents of their task. */
  checker(documents: readonly Document[]): (finding: Finding) => EvidenceCheck;
}
