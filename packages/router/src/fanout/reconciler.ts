import type {
  ConsensusSession,
  Document,
  EvidenceCheck,
  FanoutPlan,
  Finding,
  LaneAnswer,
  Provenance,
  ReadAnswer,
  Selected,
  Standing,
  Strategy,
  StrategyKind,
  VectorSource,
} from '@atp-router/consensus';
import type { Qos } from '@atp-router/kernel';
import type { CallHead, ConsensusLearned } from '@atp-router/ledger';
import type { SessionEmbedding } from './session-embedding.ts';

/** What one session works with; none of it changes while the session lasts. */
export interface SessionTools {
  readonly standing: Standing;
  readonly read: ReadAnswer;
  strategy(kind: StrategyKind): Strategy;
  /** Share of good citations of an answer, 0 to 1; undefined where it cites nothing, or there is nothing to hold it against. */
  citations(said: Pick<LaneAnswer, 'text' | 'findings'>): number | undefined;
  /** Of the texts that are compared. */
  readonly vectors: VectorSource;
  /** Present: answers are embedded before the session hears that they are complete. */
  readonly embedding?: SessionEmbedding | undefined;
}

/** The findings of an answer; undefined where it has none that can be read. */
export type ReadFindings = (text: string, from: Provenance) => readonly Finding[] | undefined;

/** Of a call, what is known of whom by. */
export type TaskOf = Pick<CallHead, 'task_type' | 'policy'>;

/** What of a call its session depends on. */
export interface SessionCall {
  readonly head: CallHead;
  readonly data_scopes: readonly string[];
  readonly local_only?: string | undefined;
}

/** A session that is over. */
export interface OverSession {
  readonly head: CallHead;
  readonly policy: string;
  readonly plan: FanoutPlan;
  readonly documents: readonly Document[];
  readonly session: ConsensusSession;
  /** That it worked with. */
  readonly tools: SessionTools;
}

/** A task for which those who are asked are to be chosen. */
export interface Choosing {
  readonly call_id: string;
  readonly task_type: string | undefined;
  readonly qos: Qos;
}

/** What the sessions of a router share: how answers are read and reconciled, and what was learned of who answers. */
export interface Reconciler {
  open(call: SessionCall, plan: FanoutPlan, documents: readonly Document[]): SessionTools;
  /** For a recorded session: nobody is asked for vectors, its texts are compared by their words. */
  again(of: TaskOf, plan: FanoutPlan): SessionTools;
  /** What a session teaches, to be put on record: it is learned from the record. */
  lesson(over: OverSession): ConsensusLearned;
  /** Who is asked, where a plan has the best of its members asked only. */
  select(plan: FanoutPlan, task: Choosing): Selected;
  /** Holds what findings cite against the documents of their task. */
  checker(documents: readonly Document[]): (finding: Finding) => EvidenceCheck;
}
