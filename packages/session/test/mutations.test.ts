import { describe, expect, test } from 'vitest';
import { shrunk, shrunkReportOf } from '../src/testing/index.ts';
import { FAULTS, faulty } from './support/faults.ts';
import { STORE_FAULTS } from './support/store-faults.ts';
import { playSeed, simulation } from './support/simulation.ts';

/** Within so many histories each fault has to show. */
const SEEDS_MAX = 400;

describe('the books of the simulation notice', () => {
  test.each([...FAULTS, ...STORE_FAULTS].map((fault) => ({ name: fault.name, fault })))(
    '$name',
    { timeout: 120_000 },
    ({ fault }) => {
      const from = fault.from_seed ?? 1;
      const caught = Array.from({ length: SEEDS_MAX }, (_, i) => from + i).find(
        (seed) => playSeed(seed, (machine, _side, life) => faulty(fault, machine, life)).problems.length > 0,
      );
      expect(caught).toBeDefined();
    },
  );

  test('and leave a session alone that has no fault', () => {
    const none = { name: 'none' };
    for (let seed = 1; seed <= 20; seed += 1)
      expect(playSeed(seed, (machine, _side, life) => faulty(none, machine, life)).problems).toEqual([]);
  });
});

describe('a history that fails', () => {
  test('is made smaller and fails still', () => {
    const fault = FAULTS.find(({ name }) => name === 'the receiver hands on a message twice');
    expect(fault).toBeDefined();
    if (fault === undefined) return;
    const options = simulation((machine, _side, life) => faulty(fault, machine, life));
    const small = shrunk(2, options);
    const { plan, before, problems } = small;
    expect(problems.length).toBeGreaterThan(0);
    expect(plan.events.length).toBeLessThan(before);
    expect(shrunkReportOf(2, small).split('\n')).toContain(JSON.stringify(plan.events[0]));
  });
});
