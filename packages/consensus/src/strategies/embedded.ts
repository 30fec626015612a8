import type { PreparedVectors } from '../embed/prepared.ts';
import { STRATEGIES } from '../kinds.ts';
import type { FanoutPlan, StrategyKind } from '../plan.ts';
import type { LaneAnswer } from '../answer.ts';
import type { Strategy } from '../strategy.ts';
import { noted } from './result.ts';

function kindsOf({ strategy, arbiter }: FanoutPlan): readonly StrategyKind[] {
  // With nothing learned `adaptive` takes `union` of findings, whatever it may choose among.
  const kinds: readonly StrategyKind[] = strategy.kind === 'adaptive' ? [...strategy.among, 'union'] : [strategy.kind];
  return arbiter === undefined ? kinds : [...kinds, 'arbiter'];
}

/** Whether the strategies of a plan compare texts by vectors at all. */
export function needsVectors(plan: FanoutPlan): boolean {
  return kindsOf(plan).some((kind) => STRATEGIES[kind].compares !== 'nothing');
}

/** The texts of an answer whose vectors the strategies of a plan may ask for: its claims, or all of it. */
export function textsToEmbed(
  plan: FanoutPlan,
  { text, findings }: Pick<LaneAnswer, 'text' | 'findings'>,
): readonly string[] {
  if (findings === undefined) {
    const is_compared = kindsOf(plan).some((kind) => STRATEGIES[kind].compares === 'claims and texts');
    return is_compared && text.trim() !== '' ? [text] : [];
  }
  return needsVectors(plan) ? findings.map(({ claim }) => claim) : [];
}

/**
 * A strategy over vectors that were made ahead. Where it asks for one that was not (an answer that a deadline cut short), the
 * session falls back and the decision is made anew, so that none ever rests on vectors of two embedders. Says which it used.
 */
export function overPrepared(strategy: Strategy, vectors: PreparedVectors): Strategy {
  return {
    ...strategy,
    decide(view) {
      vectors.takeUse();
      let verdict = strategy.decide(view);
      let use = vectors.takeUse();
      if (use === 'missed') {
        vectors.fallBack({ reason: 'not_embedded', words: 'the vectors of an answer were not there in time' });
        verdict = strategy.decide(view);
        use = vectors.takeUse();
      }
      if (verdict.kind !== 'done' || use === 'none') return verdict;
      const { fallen, id } = vectors;
      const result =
        fallen === undefined
          ? noted(verdict.result, [`likeness of texts is that of their embeddings by ${id}`])
          : noted(verdict.result, [], [`texts were compared by their words and not by ${id}: ${fallen.words}`]);
      return { ...verdict, result };
    },
  };
}
