import {
  answerKey,
  type Document,
  type FanoutPlan,
  defaultAliasTable,
  hashedEmbedder,
  type ReadAnswer,
  ScoreTable,
  type Standing,
  type Strategy,
  type StrategyKind,
  strategyOf,
  Vectors,
} from '@atp-router/consensus';
import type { Reconciler } from './reconciler.ts';

/** The strategies of a router, and what it knows of who answers. */
export class ReconcilerRoom implements Reconciler {
  strategy(kind: StrategyKind): Strategy {
    return strategyOf(kind, {
      vectors: new Vectors(hashedEmbedder()),
      aliases: defaultAliasTable(),
      scores: new ScoreTable(),
      cluster: undefined,
    });
  }

  standing(): Standing {
    return { weight: () => 1, winRate: () => 0.5, calibrated: (_, confidence) => confidence };
  }

  read({ strategy }: FanoutPlan): ReadAnswer {
    return (text) => ({ key: answerKey(text, strategy.answer), findings: undefined, confidence: undefined });
  }

  documents(): readonly Document[] {
    return [];
  }

  citations(): number | undefined {
    return undefined;
  }
}
