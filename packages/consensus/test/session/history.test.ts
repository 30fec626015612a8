import { describe, expect, test } from 'vitest';
import { ORDER } from '../../src/testing/orders.ts';
import { playHistory, reportOf, tallyOf } from '../../src/testing/index.ts';
import { STRATEGY_KINDS } from '../../src/index.ts';
import { made } from '../strategies/tools.ts';

const { ATP_SEED } = process.env;
const COUNT = 60;
/** A provisional result that stood for good was taken for the word of the arbiter, which was being asked. */
const ONCE_BROKEN = [27_127, 209_409];

/** `ATP_SEED=<seed> npx vitest run packages/consensus/test/session/history.test.ts` plays one history again. */
describe('seeded histories of sessions', () => {
  if (ATP_SEED !== undefined) {
    test(`seed ${ATP_SEED}`, () => {
      const history = playHistory(Number(ATP_SEED));
      if (history.problems.length > 0) throw new Error(reportOf(Number(ATP_SEED), history));
    });
    return;
  }

  test.each(STRATEGY_KINDS)(
    '%s: whatever lanes do, it ends once and in time, and nothing is said or counted twice',
    (kind) => {
      const tally = tallyOf();
      for (let seed = 1; seed <= COUNT; seed += 1) {
        const { problems, facts } = playHistory(seed, kind);
        expect({ seed, problems }).toEqual({ seed, problems: [] });
        tally.add({ facts });
      }
      expect(tally.facts.completed).toBeGreaterThan(COUNT / 4);
      if (ORDER[kind] === 'nothing') expect(tally.facts.heard_alike).toBeGreaterThan(COUNT / 10);
    },
  );

  test('of any kind, and much happens in them', () => {
    const tally = tallyOf();
    for (let seed = 1; seed <= 10 * COUNT; seed += 1) {
      const history = playHistory(seed);
      if (history.problems.length > 0) throw new Error(reportOf(seed, history));
      tally.add(history);
    }
    // Histories in which nothing happens would prove little.
    for (const [what, count] of Object.entries(tally.facts)) expect(count, what).toBeGreaterThan(0);
  });

  test.each(ONCE_BROKEN)('seed %i, which once broke a rule', (seed) => {
    expect(playHistory(seed).problems).toEqual([]);
  });

  test('replay exactly', () => {
    expect(playHistory(7)).toEqual(playHistory(7));
  });

  test.each(STRATEGY_KINDS)('%s says of the order of arrival what the histories hold it to', (kind) => {
    expect(made(kind).is_order_free).toBe(ORDER[kind] === 'nothing');
  });
});
