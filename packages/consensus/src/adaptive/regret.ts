import type { StrategyKind } from '../plan.ts';
import { bestOf, ScoreTable } from './scores.ts';

/** What each strategy made, or would have made, of one task. */
export interface Round {
  readonly cluster: string | undefined;
  /** 0 to 1; a strategy that is not there could not be scored. */
  readonly gains: Readonly<Partial<Record<StrategyKind, number>>>;
  /** It is counted, but nothing is learned from it. */
  readonly is_held_out: boolean;
}

export interface FixedRegret {
  readonly kind: StrategyKind;
  /** Tasks on which both it and the choice were scored. */
  readonly n: number;
  /** Mean gain of always taking it. */
  readonly gain: number;
  /** Mean of its gain less that of the choice, on the same tasks; below 0 the choice was better. */
  readonly regret: number;
  /** Standard error of `regret`, from the paired differences; NaN below two tasks. */
  readonly regret_se: number;
}

export interface Regret {
  /** Held-out tasks, or all where none is held out. */
  readonly n: number;
  /** Mean gain of the choice on them. */
  readonly gain: number;
  /** How often each was chosen there. */
  readonly chosen: Readonly<Partial<Record<StrategyKind, number>>>;
  /** In the order of `among`. */
  readonly fixed: readonly FixedRegret[];
}

/**
 * Plays a history: for each task the choice is made of what was known before it, then its outcome is learned. Compares the
 * choice with each strategy taken always. Until something is known the first of `among` is taken.
 */
export function regretOf(history: readonly Round[], among: readonly StrategyKind[]): Regret {
  const scores = new ScoreTable();
  const chosen: Partial<Record<StrategyKind, number>> = {};
  const own: Moments = moments();
  const fixed = among.map((kind) => ({ kind, gains: moments(), differences: moments() }));
  const is_any_held_out = history.some(({ is_held_out }) => is_held_out);
  for (const { cluster, gains, is_held_out } of history) {
    const kind = bestOf(scores, among, cluster)?.kind ?? among[0];
    const gain = kind === undefined ? undefined : gains[kind];
    if (kind !== undefined && gain !== undefined && is_held_out === is_any_held_out) {
      chosen[kind] = (chosen[kind] ?? 0) + 1;
      count(own, gain);
      for (const one of fixed) {
        const other = gains[one.kind];
        if (other === undefined) continue;
        count(one.gains, other);
        count(one.differences, other - gain);
      }
    }
    if (is_held_out) continue;
    for (const one of among) scores.learn(one, cluster, gains[one] ?? Number.NaN);
  }
  return {
    n: own.n,
    gain: own.mean,
    chosen,
    fixed: fixed.map(({ kind, gains, differences: { n, mean, squares } }) => ({
      ...{ kind, n, gain: gains.mean, regret: mean },
      regret_se: n > 1 ? Math.sqrt(squares / (n - 1) / n) : Number.NaN,
    })),
  };
}

/** Mean and sum of squared deviations, kept as Welford 1962 does. */
interface Moments {
  n: number;
  mean: number;
  squares: number;
}

const moments = (): Moments => ({ n: 0, mean: 0, squares: 0 });

function count(of: Moments, value: number): void {
  of.n += 1;
  const before = value - of.mean;
  of.mean += before / of.n;
  of.squares += before * (value - of.mean);
}
