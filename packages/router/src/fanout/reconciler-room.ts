import {
  checkAnswer,
  defaultAliasTable,
  type Document,
  DocumentIndex,
  type FanoutPlan,
  overPrepared,
  PreparedVectors,
  readAnswer,
  readFindings,
  ScoreTable,
  type Standing,
  strategyOf,
  type StrategyTools,
} from '@atp-router/consensus';
import type { Embeddings } from './embeddings.ts';
import type { Reconciler, SessionCall, SessionTools } from './reconciler.ts';

/** Nothing is known of anybody. */
const STRANGERS: Standing = {
  weight: () => 1,
  winRate: () => 0.5,
  calibrated: (_strategy, confidence) => confidence,
};

/** How a router reads and reconciles answers, and what it knows of who gives them. */
export class ReconcilerRoom implements Reconciler {
  readonly #aliases = defaultAliasTable();
  readonly #embeddings: Embeddings;
  readonly #scores = new ScoreTable();

  constructor(embeddings: Embeddings) {
    this.#embeddings = embeddings;
  }

  open(call: SessionCall, plan: FanoutPlan, documents: readonly Document[]): SessionTools {
    const aliases = this.#aliases;
    const index = new DocumentIndex(documents, aliases);
    const opened = this.#embeddings.open(call, plan, (text, from) => readFindings(text, from, aliases).findings);
    const { vectors } = opened;
    const tools: StrategyTools = { vectors, aliases, scores: this.#scores, cluster: call.head.task_type };
    return {
      standing: STRANGERS,
      read: (text, from) => readAnswer(text, from, plan.strategy.answer, aliases),
      strategy: (kind) => {
        const strategy = strategyOf(kind, tools);
        return vectors instanceof PreparedVectors ? overPrepared(strategy, vectors) : strategy;
      },
      citations: (text) => checkAnswer({ text, findings: undefined }, index).good_share,
      embedding: 'embedding' in opened ? opened.embedding : undefined,
    };
  }
}
