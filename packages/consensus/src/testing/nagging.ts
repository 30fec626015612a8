import type { Strategy, View } from '../strategy.ts';

/** Asked at once by one that asks on and on: no number that the bound of all is a multiple of. */
const AT_ONCE = 3;

/** As `strategy`, but it never has enough: once it knows its result it asks for more, on and on. */
export function nagging(strategy: Strategy): Strategy {
  return {
    ...strategy,
    decide(view: View) {
      const verdict = strategy.decide(view);
      if (verdict.kind !== 'done' || view.open.length > 0) return verdict;
      const asks = Array.from({ length: AT_ONCE }, (_, i) => ({
        ...{ id: `again:${view.follow_ups.length + i}`, role: 'verifier' as const, source: 'asked' },
        prompt: 'Are you sure?',
      }));
      return { kind: 'ask', asks };
    },
  };
}
