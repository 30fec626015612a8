import type {
  Document,
  EvidenceCheck,
  FanoutPlan,
  Finding,
  ReadAnswer,
  Standing,
  Strategy,
  StrategyKind,
} from '@atp-router/consensus';
import type { CallHead } from '@atp-router/ledger';

/** What one session works with; none of it changes while the session lasts. */
export interface SessionTools {
  readonly standing: Standing;
  readonly read: ReadAnswer;
  strategy(kind: StrategyKind): Strategy;
  /** Share of good citations of a text, 0 to 1; undefined where it cites nothing, or there is nothing to hold it against. */
  citations(text: string): number | undefined;
}

/** What the sessions of a router share: how answers are read and reconciled, and what was learned of who answers. */
export interface Reconciler {
  open(head: CallHead, plan: FanoutPlan, documents: readonly Document[]): SessionTools;
  /** Holds what findings cite against the documents of their task. */
  checker(documents: readonly Document[]): (finding: Finding) => EvidenceCheck;
}
