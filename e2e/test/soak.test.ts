import { expect, test } from 'vitest';
import { Soak } from '../src/deep/soak.ts';

/** A sample of the long check, by calls and not by time. */
const WORKERS = 16;
const ROUNDS = 4;
const CALLS = 12;
/** Live memory of a router that has just started is about a third of it. */
const LIVE_MIB_MAX = 128;
/** From the first round to the last, of which noise makes one or two; calls that stay in memory whole make fifteen. */
const GROWTH_MIB_MAX = 8;

test('mixed load: every call is settled, nothing stays reserved, and nothing that is over stays in memory', async () => {
  const soak = await Soak.start(1, WORKERS, 0);
  for (let round = 0; round < ROUNDS; round += 1) {
    await soak.run((calls) => calls < CALLS);
    await soak.read();
  }
  const { problems, counts, readings, calls_opened } = await soak.finish(true);
  expect(problems).toEqual([]);
  expect(calls_opened).toBe(WORKERS * ROUNDS * CALLS);
  expect(Math.min(counts.answered, counts.left, counts.refused)).toBeGreaterThan(0);
  const live_mib = readings.map(({ heap_bytes, external_bytes }) => (heap_bytes + external_bytes) / 1_048_576);
  expect(Math.max(...live_mib)).toBeLessThan(LIVE_MIB_MAX);
  expect((live_mib.at(-1) ?? 0) - (live_mib[0] ?? 0)).toBeLessThan(GROWTH_MIB_MAX);
});
