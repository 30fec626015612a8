import { describe, expect, test } from 'vitest';
import { playHistory } from '../../src/testing/index.ts';
import { KINDS } from '../../src/testing/world.ts';

const SEED = Number(process.env['ATP_SEED'] ?? Number.NaN);
const COUNT = 60;

/** `ATP_SEED=<seed> npx vitest run packages/consensus/test/session/history.test.ts` plays one history again. */
describe('seeded histories of sessions', () => {
  if (Number.isInteger(SEED)) {
    test(`seed ${SEED}`, () => {
      expect(playHistory(SEED).problems).toEqual([]);
    });
    return;
  }

  test.each(KINDS)('%s: whatever lanes do, it ends once, and nothing is asked, told or counted twice', (kind) => {
    let completed = 0;
    for (let seed = 1; seed <= COUNT; seed += 1) {
      const { problems, facts } = playHistory(seed, kind);
      expect({ seed, problems }).toEqual({ seed, problems: [] });
      completed += facts.completed;
    }
    expect(completed).toBeGreaterThan(COUNT / 4);
  });
});
