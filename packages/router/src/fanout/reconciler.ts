import type {
  Document,
  FanoutPlan,
  Finding,
  Provenance,
  ReadAnswer,
  Standing,
  Strategy,
  StrategyKind,
} from '@atp-router/consensus';
import type { CallHead } from '@atp-router/ledger';
import type { SessionEmbedding } from './session-embedding.ts';

/** What one session works with; none of it changes while the session lasts. */
export interface SessionTools {
  readonly standing: Standing;
  readonly read: ReadAnswer;
  strategy(kind: StrategyKind): Strategy;
  /** Share of good citations of a text, 0 to 1; undefined where it cites nothing, or there is nothing to hold it against. */
  citations(text: string): number | undefined;
  /** Present: answers are embedded before the session hears that they are complete. */
  readonly embedding?: SessionEmbedding | undefined;
}

/** The findings of an answer; undefined where it has none that can be read. */
export type ReadFindings = (text: string, from: Provenance) => readonly Finding[] | undefined;

/** What of a call its session depends on. */
export interface SessionCall {
  readonly head: CallHead;
  readonly data_scopes: readonly string[];
}

/** What the sessions of a router share: how answers are read and reconciled, and what was learned of who answers. */
export interface Reconciler {
  open(call: SessionCall, plan: FanoutPlan, documents: readonly Document[]): SessionTools;
}
