import { seededRng } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectedGain } from '../../src/adaptive/scores.ts';
import { bestOf, type Round, readScores, regretOf, ScoreTable, type StrategyKind } from '../../src/index.ts';

const AMONG = ['majority', 'judge', 'first_win'] as const;

/** Tasks of two clusters, in each of which another strategy is best; a seed decides what each makes of a task. */
function historyOf(seed: number, tasks: number, held_out: number): Round[] {
  const rng = seededRng(seed);
  const chances: Record<string, Record<(typeof AMONG)[number], number>> = {
    code: { majority: 0.6, judge: 0.8, first_win: 0.5 },
    facts: { majority: 0.8, judge: 0.6, first_win: 0.5 },
  };
  return Array.from({ length: tasks }, (_, i) => {
    const cluster = rng.next() < 0.5 ? 'code' : 'facts';
    const gains = Object.fromEntries(AMONG.map((kind) => [kind, rng.next() < (chances[cluster]?.[kind] ?? 0) ? 1 : 0]));
    return { cluster, gains, is_held_out: i >= tasks - held_out };
  });
}

describe('scores of strategies', () => {
  test('are added up, whatever order routers are joined in', () => {
    const event = fc.tuple(fc.constantFrom(...AMONG), fc.constantFrom('a', 'b', undefined), fc.constantFrom(0, 0.5, 1));
    fc.assert(
      fc.property(fc.array(event), fc.nat(), (events, at) => {
        const learned = (part: typeof events): ScoreTable => {
          const table = new ScoreTable();
          for (const [kind, cluster, gain] of part) table.learn(kind, cluster, gain);
          return table;
        };
        const cut = events.length === 0 ? 0 : at % events.length;
        const [left, right] = [learned(events.slice(0, cut)), learned(events.slice(cut))];
        const joined = learned(events.slice(0, cut));
        joined.merge(right.toJSON());
        right.merge(left.toJSON());
        expect(joined.toJSON()).toEqual(learned(events).toJSON());
        expect(right.toJSON()).toEqual(joined.toJSON());
        expect(readScores(JSON.parse(JSON.stringify(joined)))).toEqual(joined.toJSON());
      }),
    );
  });

  test('are bounded, and nothing else is read as scores', () => {
    const table = new ScoreTable();
    for (let i = 0; i < 999; i += 1) table.learn('majority', `c${i}`, 1);
    table.learn('majority', 'c998', 1);
    table.learn('majority', undefined, Number.NaN);
    expect(Object.keys(table.toJSON().clusters)).toHaveLength(256);
    expect(table.of('majority', undefined)).toEqual({ n: 1_000, gain: 1_000 });
    // Of whom most is known stays, whoever comes.
    for (let i = 0; i < 1_000; i += 1) table.learn('first_win', `d${i}`, 0);
    expect(table.of('majority', 'c998')).toEqual({ n: 2, gain: 2 });
    expect(table.of('first_win', 'd999').n).toBe(1);
    const good = table.toJSON();
    for (const bad of [
      null,
      {},
      { ...good, version: 2 },
      { ...good, all: { majority: { n: 1, gain: 2 } } },
      { ...good, clusters: [] },
    ]) {
      expect(readScores(bad)).toBeUndefined();
    }
    expect(readScores(good)).toEqual(good);
  });

  test('a cluster is drawn to what holds of all tasks until it has scores of its own', () => {
    const table = new ScoreTable();
    for (let i = 0; i < 19; i += 1) table.learn('judge', 'a', 1);
    expect(bestOf(table, AMONG, 'a')).toBeUndefined();
    table.learn('judge', 'b', 0);
    expect(expectedGain(table, 'judge', 'a')).toBeCloseTo((19 + 20 * 0.95) / 39);
    expect(expectedGain(table, 'judge', 'new')).toBeCloseTo(0.95);
    for (let i = 0; i < 20; i += 1) table.learn('majority', 'b', i === 0 ? 0 : 1);
    // A tie goes to the one that is named first.
    expect(bestOf(table, AMONG, undefined)?.kind).toBe('majority');
    expect(bestOf(table, ['judge', 'majority'], undefined)?.kind).toBe('judge');
  });
});

describe('regret', () => {
  test('with clusters the choice is better than each fixed one on held-out tasks, and less than that without', () => {
    for (const seed of [1, 2, 3]) {
      const history = historyOf(seed, 3_000, 1_500);
      const { n, gain, fixed, chosen } = regretOf(history, AMONG);
      expect(n).toBe(1_500);
      expect(gain).toBeGreaterThan(0.77);
      for (const one of fixed) expect(one.regret + 2 * one.regret_se).toBeLessThan(0);
      expect(Object.keys(chosen).sort()).toEqual(['judge', 'majority']);
      const blind = regretOf(
        history.map((round) => ({ ...round, cluster: undefined })),
        AMONG,
      );
      expect(blind.gain).toBeLessThan(gain - 0.05);
    }
  });

  test('is that of its definition, and learns from a task only after it has chosen', () => {
    const gains = (majority: number, judge: number): Round => ({
      cluster: undefined,
      gains: { majority, judge },
      is_held_out: false,
    });
    const history = Array.from({ length: 30 }, () => gains(0, 1));
    const { n, gain, fixed, chosen } = regretOf(history, ['majority', 'judge']);
    expect(chosen).toEqual({ majority: 20, judge: 10 });
    expect(n).toBe(30);
    expect(gain).toBeCloseTo(1 / 3);
    expect(fixed[0]).toMatchObject({ kind: 'majority', n: 30, gain: 0 });
    expect(fixed[0]?.regret).toBeCloseTo(-1 / 3);
    expect(fixed[1]?.regret).toBeCloseTo(2 / 3);
    expect(fixed[1]?.regret_se).toBeCloseTo(Math.sqrt(((2 / 9) * (30 / 29)) / 30));
    expect(regretOf([], ['majority'])).toMatchObject({ n: 0, chosen: {} });
  });

  test('a strategy that cannot be scored is left out of the comparison', () => {
    const kinds: readonly StrategyKind[] = ['majority', 'arbiter'];
    const { fixed } = regretOf([{ cluster: 'a', gains: { majority: 1 }, is_held_out: false }], kinds);
    expect(fixed.map(({ n }) => n)).toEqual([1, 0]);
  });
});
