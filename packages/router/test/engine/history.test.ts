import { describe, expect, test } from 'vitest';
import { playHistory } from './support/history.ts';
import type { World } from './support/world.ts';

const { ATP_SEED, ATP_DEEP } = process.env;
const HISTORIES = ATP_DEEP === '1' ? 20_000 : 400;
/** Histories that once broke a rule. */
const ONCE_BROKEN = [2_654, 8_057, 15_524];
const IN_ONE_TEST = 100;

/** Plays one history; a broken one says how to see it again and what had happened. */
async function play(seed: number): Promise<{ calls: number; ended_well: number }> {
  const { world, broken } = await playHistory(seed);
  if (broken.length > 0) throw new Error(report(seed, world, broken));
  const ended_well = world.submitted.filter(({ client }) => client.ending !== 'fail').length;
  return { calls: world.submitted.length, ended_well };
}

/** What was broken, and what the journal says of the calls that it names. */
function report(seed: number, world: World, broken: readonly string[]): string {
  const named = new Set(broken.flatMap((rule) => rule.match(/call_[0-9a-z]+/g) ?? []));
  const events = world.log.events.filter((event) => 'call_id' in event && named.has(event.call_id));
  return [
    `History ${seed} breaks ${broken.length} rules at ${world.time.mono_ms()} ms:`,
    ...broken.slice(0, 10).map((rule) => rule.slice(0, 2_000)),
    `Replay it with ATP_SEED=${seed} npx vitest run packages/router/test/engine/history.test.ts`,
    ...events.slice(-20).map((event) => JSON.stringify(event).slice(0, 1_000)),
  ].join('\n');
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
