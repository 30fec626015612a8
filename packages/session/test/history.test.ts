import { describe, expect, test } from 'vitest';
import { type HistoryResult, reportOf, shrunk, shrunkReportOf, tallyOf } from '../src/testing/index.ts';
import { playSeed, simulation } from './support/simulation.ts';

/** `ATP_SEED` plays one history; with `ATP_SHRINK` it is made as small as it still fails. */
const { ATP_SEED, ATP_SHRINK } = process.env;
const HISTORIES = 200;
/** Histories that once broke a rule. */
const ONCE_BROKEN = [
  2_209, 2_536, 4_101, 4_139, 9_147, 14_486, 11_890, 46_927, 61_381, 449, 605, 2_253, 2_263, 3_575, 93_385, 3_283,
];
const IN_ONE_TEST = 100;

const seeds =
  ATP_SEED === undefined ? [...Array.from({ length: HISTORIES }, (_, i) => i + 1), ...ONCE_BROKEN] : [Number(ATP_SEED)];

function report(seed: number, result: HistoryResult): string {
  if (ATP_SHRINK === undefined || ATP_SHRINK === '') return reportOf(seed, result);
  return shrunkReportOf(seed, shrunk(seed, simulation()));
}

describe('histories of two sessions', () => {
  for (let from = 0; from < seeds.length; from += IN_ONE_TEST) {
    const some = seeds.slice(from, from + IN_ONE_TEST);
    test(`seeds ${some[0]} to ${some.at(-1)}`, { timeout: 600_000 }, () => {
      const tally = tallyOf();
      for (const seed of some) {
        const result = playSeed(seed);
        if (result.problems.length > 0) throw new Error(report(seed, result));
        tally.add(result);
      }
      // Histories in which nothing happens would prove little.
      if (some.length < IN_ONE_TEST) return;
      const { facts } = tally;
      expect(facts.handed_on).toBeGreaterThan(500);
      for (const what of ['failed', 'lost', 'repeated', 'corrupted', 'restarts', 'resumptions', 'fragments'] as const)
        expect(facts[what], what).toBeGreaterThan(0);
    });
  }

  test('replay exactly', () => {
    const [first, second] = [playSeed(7), playSeed(7)].map(({ world }) => [
      world.time.now_ms,
      world.watch.quiet.total,
      world.watch.messages.handed_on,
      { ...world.network.counts },
    ]);
    expect(second).toEqual(first);
  });
});
