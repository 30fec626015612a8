import { describe, expect, test } from 'vitest';
import { playHistory } from '../../src/testing/index.ts';
import type { Fault } from './fault.ts';
import { END_FAULTS } from './faults-ends.ts';
import { LANE_FAULTS } from './faults-lanes.ts';
import { RESULT_FAULTS } from './faults-results.ts';

const FAULTS: readonly Fault[] = [...LANE_FAULTS, ...END_FAULTS, ...RESULT_FAULTS];

/** Within so many histories each fault has to show. */
const SEEDS_MAX = 1_000;

describe('histories of sessions notice that', () => {
  test.each(FAULTS.map((fault) => ({ name: fault.name, fault })))('$name', ({ fault }) => {
    const mend = fault.make();
    try {
      const seeds = Array.from({ length: SEEDS_MAX }, (_, i) => i + 1);
      const isFound = (problem: string): boolean => problem.includes(fault.found_by);
      expect(seeds.find((seed) => playHistory(seed).problems.some(isFound))).toBeDefined();
    } finally {
      mend();
    }
  });
});
