import { bestOf } from '../adaptive/scores.ts';
import type { StrategyKind } from '../plan.ts';
import type { Strategy, Verdict, View } from '../strategy.ts';
import { noted, rounded } from './result.ts';
import type { StrategyTools } from './tools.ts';
import { answersOf, isChallenger } from './voices.ts';

/** Among which is chosen where a plan names none. */
const AMONG: readonly StrategyKind[] = ['majority', 'union'];

interface Choice {
  readonly kind: Exclude<StrategyKind, 'adaptive'>;
  readonly why: string;
  /** Answers that are still open may lead to another choice. */
  readonly may_change: boolean;
}

/**
 * Leaves the decision to one of the strategies that the plan names: the one that is expected to gain most on tasks of this
 * cluster. With nothing learned `majority` for answers that are keys, `union` where something was found.
 */
export function adaptiveOf(
  { scores, cluster }: Pick<StrategyTools, 'scores' | 'cluster'>,
  strategies: (kind: Exclude<StrategyKind, 'adaptive'>) => Strategy,
): Strategy {
  // One of each kind for the session: they keep what they have worked out.
  const made = new Map<StrategyKind, Strategy>();
  const strategyOf = (kind: Exclude<StrategyKind, 'adaptive'>): Strategy => {
    const strategy = made.get(kind) ?? strategies(kind);
    made.set(kind, strategy);
    return strategy;
  };
  return {
    kind: 'adaptive',
    // Those that it may choose need not be.
    is_order_free: false,
    decide(view) {
      const named = view.plan.strategy.among.filter(isFixed);
      const learned = bestOf(scores, named.length > 0 ? named : AMONG, cluster);
      const choice: Choice =
        learned !== undefined && isFixed(learned.kind)
          ? {
              kind: learned.kind,
              why: `it has gained ${rounded(learned.gain)} on such tasks, the most`,
              may_change: false,
            }
          : unlearned(view);
      return said(strategyOf(choice.kind).decide(view), choice, view);
    },
  };
}

const isFixed = (kind: StrategyKind): kind is Exclude<StrategyKind, 'adaptive'> => kind !== 'adaptive';

function unlearned(view: View): Choice {
  const { answer } = view.plan.strategy;
  if (answer.kind === 'choice' || answer.kind === 'number') {
    return { kind: 'majority', why: 'nothing is learned, and answers can be counted', may_change: false };
  }
  const is_found = answersOf(view).some(({ lane, findings }) => findings !== undefined && !isChallenger(view, lane));
  return is_found
    ? { kind: 'union', why: 'nothing is learned, and there are findings', may_change: false }
    : { kind: 'majority', why: 'nothing is learned, and there are no findings', may_change: true };
}

function said(verdict: Verdict, { kind, why, may_change }: Choice, view: View): Verdict {
  if (verdict.kind !== 'done') return verdict;
  const result = noted(verdict.result, [`${kind} was chosen: ${why}`]);
  if (!may_change || view.open.length === 0) return { ...verdict, result };
  return verdict.is_safe && !view.is_last ? { kind: 'wait' } : { ...verdict, result, is_safe: false };
}
