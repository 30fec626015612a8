import { describe, expect, test } from 'vitest';
import { FANOUTS } from './support/fanouts.ts';
import { playHistory } from './support/history.ts';
import { report } from './support/report.ts';

const { ATP_SEED, ATP_DEEP } = process.env;
const HISTORIES = ATP_DEEP === '1' ? 10_000 : 100;
/** Histories that once broke a rule. */
const ONCE_BROKEN = [395, 966, 5_634, 5_841];
const IN_ONE_TEST = 100;

interface Tally {
  calls: number;
  ended_well: number;
  sessions: number;
  /** That came to a result. */
  readonly strategies: Set<string>;
  /** How lanes ended. */
  readonly lanes: Set<string>;
}

const ENDS_OF_LANES = ['finalized', 'failed upstream_error', 'rejected budget_exhausted', 'cancelled early_exit'];

/** Plays one history; a broken one says how to see it again and what had happened. */
async function play(seed: number, tally: Tally): Promise<void> {
  const { world, broken } = await playHistory(seed, undefined, FANOUTS);
  if (broken.length > 0) throw new Error(report(seed, world, broken, 'fanouts.test.ts'));
  tally.calls += world.submitted.length;
  tally.ended_well += world.submitted.filter(({ client }) => client.ending !== 'fail').length;
  for (const { strategy, lanes, outcome } of world.log.of('consensus.ended')) {
    tally.sessions += 1;
    if (outcome === 'ok') tally.strategies.add(strategy);
    for (const { state, error, reason } of lanes) tally.lanes.add([state, error ?? reason ?? []].flat().join(' '));
  }
}

const seeds =
  ATP_SEED === undefined ? [...Array.from({ length: HISTORIES }, (_, i) => i + 1), ...ONCE_BROKEN] : [Number(ATP_SEED)];

describe('histories with calls that several agents are asked', () => {
  for (let from = 0; from < seeds.length; from += IN_ONE_TEST) {
    const some = seeds.slice(from, from + IN_ONE_TEST);
    test(`seeds ${some[0]} to ${some.at(-1)}`, { timeout: 600_000 }, async () => {
      const tally: Tally = { calls: 0, ended_well: 0, sessions: 0, strategies: new Set(), lanes: new Set() };
      for (const seed of some) await play(seed, tally);
      // A history in which nothing ever works, or nothing ever fails, would prove little.
      if (some.length === IN_ONE_TEST) {
        expect(tally.ended_well / tally.calls).toBeGreaterThan(0.1);
        expect(tally.ended_well / tally.calls).toBeLessThan(0.9);
        expect(tally.sessions / tally.calls).toBeGreaterThan(0.2);
        expect(tally.strategies.size).toBeGreaterThan(6);
        for (const way of ENDS_OF_LANES) expect(tally.lanes).toContain(way);
      }
    });
  }
});
