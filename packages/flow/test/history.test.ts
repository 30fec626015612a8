import { describe, expect, test } from 'vitest';
import {
  drawPlan,
  type HistoryResult,
  playPlan,
  reportOf,
  shrunk,
  shrunkReportOf,
  tallyOf,
} from '../src/testing/index.ts';

/** `ATP_SEED` plays one history; with `ATP_SHRINK` it is made as small as it still fails. */
const { ATP_SEED, ATP_SHRINK } = process.env;
const HISTORIES = 500;
/** Histories that once broke a rule. */
const ONCE_BROKEN = [
  2_971, 12_413, 53_477, 568_173, 577_737, 2_001_467, 2_008_329, 659, 13_957, 21_803, 39_074, 83_234, 713_273, 3_843,
  984,
];
const IN_ONE_TEST = 250;

const seeds =
  ATP_SEED === undefined ? [...Array.from({ length: HISTORIES }, (_, i) => i + 1), ...ONCE_BROKEN] : [Number(ATP_SEED)];

function report(seed: number, result: HistoryResult): string {
  if (ATP_SHRINK === undefined || ATP_SHRINK === '') return reportOf(seed, result);
  return shrunkReportOf(seed, shrunk(seed));
}

describe('histories of demands', () => {
  for (let from = 0; from < seeds.length; from += IN_ONE_TEST) {
    const some = seeds.slice(from, from + IN_ONE_TEST);
    test(`seeds ${some[0]} to ${some.at(-1)}`, { timeout: 600_000 }, () => {
      const tally = tallyOf();
      for (const seed of some) {
        const result = playPlan(drawPlan(seed));
        if (result.problems.length > 0) throw new Error(report(seed, result));
        tally.add(result);
      }
      // Histories in which nothing happens would prove little.
      if (some.length < IN_ONE_TEST) return;
      for (const [what, count] of Object.entries(tally.facts)) expect(count, what).toBeGreaterThan(0);
      expect(tally.facts.granted).toBeGreaterThan(20 * some.length);
      expect(tally.facts.preempted).toBeGreaterThan(some.length / 10);
    });
  }

  test('replay exactly', () => {
    const [first, second] = [playPlan(drawPlan(7)), playPlan(drawPlan(7))].map(({ world }) => [
      world.mono_ms,
      world.wall_ms,
      { ...world.watch.counts },
      world.ledger.snapshot('global', world.wall_ms),
    ]);
    expect(second).toEqual(first);
  });
});
