import { describe, expect, test } from 'vitest';
import { playHistory } from './support/history.ts';
import { report } from './support/report.ts';

const { ATP_SEED, ATP_DEEP } = process.env;
const HISTORIES = ATP_DEEP === '1' ? 20_000 : 200;
/** Histories that once broke a rule. */
const ONCE_BROKEN = [2_654, 8_057, 15_524];
const IN_ONE_TEST = 100;

/** Plays one history; a broken one says how to see it again and what had happened. */
async function play(seed: number): Promise<{ calls: number; ended_well: number }> {
  const { world, broken } = await playHistory(seed);
  if (broken.length > 0) throw new Error(report(seed, world, broken, 'history.test.ts'));
  const ended_well = world.submitted.filter(({ client }) => client.ending !== 'fail').length;
  return { calls: world.submitted.length, ended_well };
}

const seeds =
  ATP_SEED === undefined ? [...Array.from({ length: HISTORIES }, (_, i) => i + 1), ...ONCE_BROKEN] : [Number(ATP_SEED)];

describe('histories of the engine', () => {
  for (let from = 0; from < seeds.length; from += IN_ONE_TEST) {
    const some = seeds.slice(from, from + IN_ONE_TEST);
    test(`seeds ${some[0]} to ${some.at(-1)}`, { timeout: 600_000 }, async () => {
      let calls = 0;
      let ended_well = 0;
      for (const seed of some) {
        const result = await play(seed);
        calls += result.calls;
        ended_well += result.ended_well;
      }
      // A history in which nothing ever works, or nothing ever fails, would prove little.
      if (some.length === IN_ONE_TEST) {
        expect(ended_well / calls).toBeGreaterThan(0.1);
        expect(ended_well / calls).toBeLessThan(0.9);
      }
    });
  }
});
