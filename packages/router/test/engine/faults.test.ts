import { seededRng } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { Draw } from '@atp-router/kernel/testing';
import { FANOUTS } from './support/fanouts.ts';
import { playHistory } from './support/history.ts';
import { brokenByFault } from './support/invariants-of-faults.ts';
import { PLAIN, type Scenario } from './support/scenario.ts';
import { Seams } from './support/seams.ts';

const { ATP_SEED, ATP_DEEP } = process.env;
const HISTORIES = ATP_DEEP === '1' ? 6_000 : 100;
/** Faults that once were swallowed. */
const ONCE_BROKEN = [436, 3_317];
const ONCE_BROKEN_LANES = [366, 1_394];
const IN_ONE_TEST = 100;

/** Plays a history, and then again with a fault at one of the seams that it crossed: each kind of seam is as likely. */
async function play(seed: number, scenario: Scenario): Promise<string> {
  const calm = new Seams();
  await playHistory(seed, calm, scenario);
  const draw = new Draw(seededRng(seed));
  const name = draw.from([...new Set(calm.crossed)]);
  const places = calm.crossed.flatMap((crossed, i) => (crossed === name ? [i] : []));
  const seams = new Seams(draw.from(places));
  const { world } = await playHistory(seed, seams, scenario);
  const broken = await brokenByFault(world, seams);
  if (broken.length === 0) return name;
  const faults = world.faults.map((fault) => (fault instanceof Error ? fault.stack : String(fault)));
  throw new Error(
    [
      `Seed ${seed}, a fault at ${seams.thrown ?? 'no seam'}:`,
      ...broken.slice(0, 10),
      `Replay it with ATP_SEED=${seed} npx vitest run packages/router/test/engine/faults.test.ts`,
      ...faults.slice(0, 3),
    ].join('\n'),
  );
}

const upTo = (histories: number): number[] => Array.from({ length: histories }, (_, i) => i + 1);

describe.each([
  ['', PLAIN, [...upTo(HISTORIES), ...ONCE_BROKEN]],
  ['that several agents are asked ', FANOUTS, [...upTo(HISTORIES / 3), ...ONCE_BROKEN_LANES]],
] as const)(
  'whatever throws inside a call %sit ends once, holds nothing, and everybody else goes on',
  (_of, scenario, all) => {
    const seeds = ATP_SEED === undefined ? all : [Number(ATP_SEED)];
    for (let from = 0; from < seeds.length; from += IN_ONE_TEST) {
      const some = seeds.slice(from, from + IN_ONE_TEST);
      test(`seeds ${some[0]} to ${some.at(-1)}`, { timeout: 600_000 }, async () => {
        const names = new Set<string>();
        for (const seed of some) names.add(await play(seed, scenario));
        // Faults at a few places only would prove little.
        if (some.length === IN_ONE_TEST) expect(names.size).toBeGreaterThan(20);
      });
    }
  },
);
