import { describe, expect, test } from 'vitest';
import { ScoreTable, type StrategyKind } from '../../src/index.ts';
import { decide, resultOf, said, sceneOf } from './say.ts';
import { finding } from './scenes.ts';
import { made } from './tools.ts';

const scored = (gains: Partial<Record<StrategyKind, number>>, cluster?: string): ScoreTable => {
  const table = new ScoreTable();
  for (const [kind, gain] of Object.entries(gains)) {
    for (let i = 0; i < 40; i += 1) table.learn(kind as StrategyKind, cluster, gain);
  }
  return table;
};

describe('adaptive', () => {
  const found = { ...said('f', '{}'), findings: [finding(1, 0, 3, 1, 9)] };

  test('with nothing learned counts keys, and unites findings', () => {
    expect(resultOf(made('adaptive'), sceneOf(['A', 'B', 'B'], {})).why[0]).toMatch(
      /^majority was chosen: nothing is learned/,
    );
    expect(resultOf(made('adaptive'), sceneOf([found, 'B'], {})).why[0]).toMatch(/^union was chosen/);
  });

  test('is not safe by votes while findings may come, but where answers are choices', () => {
    const scene = sceneOf(['A', 'A', 'A', 'B'], {});
    expect(decide(made('adaptive'), scene, 3).kind).toBe('wait');
    const choices = { ...scene, settings: { ...scene.settings, answer: { kind: 'choice' as const } } };
    expect(decide(made('adaptive'), choices, 3)).toMatchObject({ kind: 'done', is_safe: true });
  });

  test('takes what has gained most of those that the plan names, by cluster', () => {
    const scene = sceneOf(['A', 'B', 'B'], { settings: { among: ['majority', 'first_win', 'adaptive'] } });
    const chosen = (scores: ScoreTable, cluster?: string): string =>
      resultOf(made('adaptive', { scores, cluster }), scene).why[0] ?? '';
    expect(chosen(scored({ majority: 0.5, first_win: 0.75 }))).toBe(
      'first_win was chosen: it has gained 0.75 on such tasks, the most',
    );
    expect(chosen(scored({ majority: 0.5, union: 1 }))).toMatch(/^majority/);
    expect(chosen(scored({ adaptive: 1 }))).toMatch(/^majority was chosen: nothing is learned/);
    const by_cluster = scored({ majority: 0.5, first_win: 0.75 });
    by_cluster.merge(scored({ majority: 1, first_win: 0 }, 'facts').toJSON());
    expect(chosen(by_cluster, 'facts')).toMatch(/^majority/);
  });
});
