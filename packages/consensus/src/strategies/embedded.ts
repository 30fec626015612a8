import type { PreparedVectors } from '../embed/prepared.ts';
import type { FanoutPlan, StrategyKind } from '../plan.ts';
import type { LaneAnswer } from '../answer.ts';
import type { Strategy } from '../strategy.ts';
import { noted } from './result.ts';

/** Strategies that compare the claims of findings. */
const BY_CLAIM: ReadonlySet<StrategyKind> = new Set(['union', 'weighted_merge', 'two_phase', 'evidence', 'arbiter']);

/** The texts of an answer whose vectors the strategies of a plan may ask for. Of most plans there are none. */
export function textsToEmbed(
  plan: FanoutPlan,
  { text, findings }: Pick<LaneAnswer, 'text' | 'findings'>,
): readonly string[] {
  const { kind, among } = plan.strategy;
  const kinds: StrategyKind[] = kind === 'adaptive' ? [...among, 'union'] : [kind];
  if (plan.arbiter !== undefined) kinds.push('arbiter');
  if (findings === undefined) return kinds.includes('weighted_merge') && text.trim() !== '' ? [text] : [];
  return kinds.some((one) => BY_CLAIM.has(one)) ? findings.map(({ claim }) => claim) : [];
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
