import type { TextKind } from '../features/text-kind.ts';
import { BIAS } from './layout.ts';
import { KindTallies } from './kind-tallies.ts';
import type { TenantLearned } from './learned.ts';
import type { RegressionSums } from './sums.ts';

/** What came of one model on the topic of a prompt; while no topics are known, on all prompts. */
export interface Tally {
  /** Prompts, each by its part in the topic. */
  readonly n: number;
  /** Of these, how right it was together. */
  readonly right: number;
}

/** Features of topics are parts that sum to 1, and the first is always 1, so that both numbers stand in the sums. */
export function tallyOf(sums: RegressionSums | undefined, topic: number | undefined): Tally {
  if (sums === undefined) return { n: 0, right: 0 };
  const row = topic === undefined ? BIAS : 1 + topic;
  const n = sums.a[(row * (row + 1)) / 2 + BIAS] ?? 0;
  return { n, right: Math.max(0, Math.min(n, sums.b[row] ?? 0)) };
}

/** How right a model was, of what somebody has said; what is old counts less. */
export interface ModelScore extends Tally {
  readonly model: string;
  /** Undefined: on all prompts. */
  readonly topic: number | undefined;
  /** On prompts that ask for this, of all topics; absent: it is of a topic, or of all. */
  readonly kind?: TextKind | undefined;
}

/** Less was hardly seen: it would be a row that says nothing. */
const SEEN_MIN = 0.5;

/** Of each model on all prompts, then on each topic where it was seen, then on each kind of text; models by name. All as of one tick. */
export function scoresOf(tenants: Iterable<TenantLearned>, tick: number, topics: number): readonly ModelScore[] {
  const rows = new Map<string, { n: number; right: number }[]>();
  const kinds = new KindTallies();
  for (const learned of tenants) {
    const kept = Math.min(1, learned.keptAt(tick));
    kinds.addAll(learned.kinds, kept, learned.models);
    for (const [model, sums] of learned.models) {
      const row = rows.get(model) ?? Array.from({ length: topics + 1 }, () => ({ n: 0, right: 0 }));
      rows.set(model, row);
      for (const [place, cell] of row.entries()) {
        const { n, right } = tallyOf(sums, place === 0 ? undefined : place - 1);
        cell.n += kept * n;
        cell.right += kept * right;
      }
    }
  }
  const models = [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
  const by_kind = [...kinds.rows()].filter(([, , n]) => n >= SEEN_MIN);
  return models.flatMap(([model, row]) => [
    ...row.flatMap(({ n, right }, place): ModelScore[] =>
      n < SEEN_MIN ? [] : [{ model, topic: place === 0 ? undefined : place - 1, n, right }],
    ),
    ...by_kind.flatMap(([of, kind, n, right]): ModelScore[] =>
      of === model ? [{ model, topic: undefined, kind, n, right }] : [],
    ),
  ]);
}
