import {
  checkAnswer,
  checkFinding,
  defaultAliasTable,
  type Document,
  DocumentIndex,
  type EvidenceCheck,
  type FanoutPlan,
  type Finding,
  hashedEmbedder,
  readAnswer,
  ScoreTable,
  type Standing,
  strategyOf,
  type StrategyTools,
  Vectors,
} from '@atp-router/consensus';
import type { CallHead } from '@atp-router/ledger';
import type { Reconciler, SessionTools } from './reconciler.ts';

/** Nothing is known of anybody. */
const STRANGERS: Standing = {
  weight: () => 1,
  winRate: () => 0.5,
  calibrated: (_strategy, confidence) => confidence,
};

/** How a router reads and reconciles answers, and what it knows of who gives them. */
export class ReconcilerRoom implements Reconciler {
  readonly #aliases = defaultAliasTable();
  readonly #embedder = hashedEmbedder();
  readonly #scores = new ScoreTable();

  open({ task_type }: CallHead, plan: FanoutPlan, documents: readonly Document[]): SessionTools {
    const aliases = this.#aliases;
    const index = new DocumentIndex(documents, aliases);
    const tools: StrategyTools = {
      vectors: new Vectors(this.#embedder),
      aliases,
      scores: this.#scores,
      cluster: task_type,
    };
    return {
      standing: STRANGERS,
      read: (text, from) => readAnswer(text, from, plan.strategy.answer, aliases),
      strategy: (kind) => strategyOf(kind, tools),
      citations: (text) => checkAnswer({ text, findings: undefined }, index).good_share,
    };
  }

  checker(documents: readonly Document[]): (finding: Finding) => EvidenceCheck {
    const index = new DocumentIndex(documents, this.#aliases);
    return (finding) => checkFinding(finding, index);
  }
}
