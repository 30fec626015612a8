import { describe, expect, test } from 'vitest';
import {
  drawPlan,
  type HistoryResult,
  playPlan,
  reportOf,
  shrunk,
  shrunkReportOf,
  tallyOf,
} from '../src/credit/testing/index.ts';

/** `ATP_SEED` plays one history; with `ATP_SHRINK` it is made as small as it still fails. */
const { ATP_SEED, ATP_SHRINK } = process.env;
const HISTORIES = 100;
/** Histories that once broke a rule. */
const ONCE_BROKEN: readonly number[] = [];

const seeds =
  ATP_SEED === undefined ? [...Array.from({ length: HISTORIES }, (_, i) => i + 1), ...ONCE_BROKEN] : [Number(ATP_SEED)];

function report(seed: number, result: HistoryResult): string {
  if (ATP_SHRINK === undefined || ATP_SHRINK === '') return reportOf(seed, result);
  return shrunkReportOf(seed, shrunk(seed));
}

describe('histories of workers and owners', () => {
  test(`seeds ${seeds[0]} to ${seeds.at(-1)}`, { timeout: 600_000 }, () => {
    const tally = tallyOf();
    for (const seed of seeds) {
      const result = playPlan(drawPlan(seed));
      if (result.problems.length > 0) throw new Error(report(seed, result));
      tally.add(result);
    }
    // Histories in which nothing happens would prove little.
    if (seeds.length < HISTORIES) return;
    const { facts } = tally;
    expect(facts.granted).toBeGreaterThan(1_000);
    for (const what of ['refused', 'escalated', 'stopped', 'lost', 'repeated', 'crashes', 'takeovers'] as const)
      expect(facts[what], what).toBeGreaterThan(0);
  });

  test('replay exactly', () => {
    const [first, second] = [7, 7].map((seed) => ({ ...playPlan(drawPlan(seed)).world.facts }));
    expect(second).toEqual(first);
  });
});
