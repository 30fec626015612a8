import { seededRng } from '@atp-router/kernel';
import { expect, it } from 'vitest';
import { type Comparison, evidenceOf, experimentsOf, formatErrors } from '@atp-router/routing';
import { AlwaysValid } from '../../src/lifecycle/experiment.ts';

/** How often the p-value was below 0.05 at some time, when it was looked at after each of `pairs`. */
function rejections(chance: number, runs: number, pairs: number, seed: number): number {
  const rng = seededRng(seed);
  let rejected = 0;
  for (let run = 0; run < runs; run += 1) {
    const test = new AlwaysValid();
    for (let i = 0; i < pairs && test.result.p >= 0.05; i += 1) test.add(rng.next() < chance ? 1 : -1);
    if (test.result.p < 0.05) rejected += 1;
  }
  return rejected / runs;
}

it('finds a difference where there is none less often than one time in twenty, whenever and however often it is looked at', () => {
  for (const seed of [1, 2, 3]) expect(rejections(0.5, 2_000, 1_000, seed)).toBeLessThan(0.05);
});

it('finds what there is', () => {
  expect(rejections(0.65, 500, 300, 4)).toBeGreaterThan(0.95);
});

it('counts a tie as nothing, and is as sure as the mixture over all chances', () => {
  const test = new AlwaysValid();
  for (const sign of [0, 3, 1, Number.NaN, 5, 2, 0.1, 9]) test.add(sign);
  // B(1 + 6, 1) / 2^-6 = 64 / 7.
  expect(test.result).toEqual({ wins: 6, losses: 0, p: expect.closeTo(7 / 64, 12) });
  test.add(-1);
  expect(test.result.p).toBeCloseTo(7 / 64, 12);
});

const SAME: Comparison = {
  ...{ champion: 'a', challenger: 'z', is_whole: true, is_readable: true, champion_is_readable: true },
  ...{ agreement: 1, agrees: true, latency_ms: 90, champion_latency_ms: 100 },
  ...{ cost_usd_nanos: 10, champion_cost_usd_nanos: 100, is_priced: true },
};

it('adds up what comparisons show, and holds an experiment for each champion', () => {
  const rows: Comparison[] = [
    SAME,
    { ...SAME, agrees: false, agreement: 0.2, latency_ms: 110 },
    { ...SAME, champion: 'b', is_readable: false, agrees: false, agreement: 0 },
    {
      ...SAME,
      champion: 'b',
      is_whole: false,
      is_readable: false,
      agrees: false,
      agreement: 0,
      champion_is_readable: false,
    },
  ];
  expect(evidenceOf(rows)).toEqual({
    ...{ samples: 4, format_share: 0.5, parity: 1 / 3, escalation_share: 0.25, agreement: 0.3 },
    ...{ latency_ratio: 0.95, cost_ratio: 0.1 },
  });
  expect(evidenceOf([]).cost_ratio).toBeUndefined();
  expect(evidenceOf([...rows, { ...SAME, is_priced: false }]).cost_ratio).toBeUndefined();
  const [a, b] = experimentsOf('z', rows);
  expect([a?.champion, a?.quality, a?.latency]).toMatchObject(['a', { wins: 0, losses: 1 }, { wins: 1, losses: 1 }]);
  expect([b?.champion, b?.samples, b?.cost]).toMatchObject(['b', 2, { wins: 2, losses: 0 }]);
  expect(formatErrors('z', rows, 3)).toEqual({ answers: 3, errors: 2 });
  expect(formatErrors('b', rows, 50)).toEqual({ answers: 2, errors: 1 });
});
