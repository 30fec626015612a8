import { describe, expect, test } from 'vitest';
import { drawPlan, playPlan, shrunk, shrunkReportOf } from '../src/testing/index.ts';
import type { Fault } from './support/fault.ts';
import { BOOK_FAULTS, TIME_FAULTS } from './support/faults-books.ts';
import { FAIRNESS_FAULTS, QUEUE_FAULTS } from './support/faults-queues.ts';
import { STOP_FAULTS } from './support/faults-stops.ts';

const FAULTS: readonly Fault[] = [...BOOK_FAULTS, ...TIME_FAULTS, ...QUEUE_FAULTS, ...STOP_FAULTS, ...FAIRNESS_FAULTS];

/** Within so many histories each fault has to show that names none itself. */
const SEEDS_MAX = 150;

function withFault<T>(fault: Fault, play: () => T): T {
  const mend = fault.make();
  try {
    return play();
  } finally {
    mend();
  }
}

describe('the books of the simulation notice that', () => {
  test.each(FAULTS.map((fault) => ({ name: fault.name, fault })))('$name', { timeout: 120_000 }, ({ fault }) => {
    const seeds = fault.seed === undefined ? Array.from({ length: SEEDS_MAX }, (_, i) => i + 1) : [fault.seed];
    const caught = withFault(fault, () => seeds.find((seed) => playPlan(drawPlan(seed)).problems.length > 0));
    expect(caught).toBeDefined();
  });
});

describe('a history that fails', () => {
  test('is made smaller and breaks the same rule', () => {
    const fault = FAULTS.find(({ name }) => name === 'a settlement is debited twice');
    expect(fault).toBeDefined();
    if (fault === undefined) return;
    const small = withFault(fault, () => shrunk(1));
    expect(small.problems.length).toBeGreaterThan(0);
    expect(small.plan.events.length).toBeLessThan(small.before / 5);
    expect(shrunkReportOf(1, small).split('\n')).toContain(JSON.stringify(small.plan.events[0]));
  });
});
