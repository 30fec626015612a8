import {
  answerKey,
  type Document,
  type FanoutPlan,
  first_win,
  majority,
  type ReadAnswer,
  self_consistency,
  type Standing,
  type Strategy,
  type StrategyKind,
} from '@atp-router/consensus';
import type { Reconciler } from './reconciler.ts';

/** The strategies of a router, and what it knows of who answers. */
export class ReconcilerRoom implements Reconciler {
  strategy(kind: StrategyKind): Strategy {
    return STRATEGIES.find((one) => one.kind === kind) ?? majority;
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

const STRATEGIES: readonly Strategy[] = [first_win, majority, self_consistency];
