import { describe, expect, test } from 'vitest';
import type { GateFacts } from './support/gate-player.ts';
import { GateWorld } from './support/gates.ts';

const { ATP_SEED, ATP_DEEP } = process.env;
const HISTORIES = ATP_DEEP === '1' ? 20_000 : 150;
const IN_ONE_TEST = 200;

/** Histories that once broke a rule. */
const ONCE_BROKEN = [10, 248, 13_504];

const all = [...Array.from({ length: HISTORIES }, (_, i) => i + 1), ...ONCE_BROKEN];
const seeds = ATP_SEED === undefined ? all : [Number(ATP_SEED)];

describe.each([false, true])('gates of two workers and their owner (windows that come and go: %s)', (has_windows) => {
  for (let from = 0; from < seeds.length; from += IN_ONE_TEST) {
    const some = seeds.slice(from, from + IN_ONE_TEST);
    test(`seeds ${some[0]} to ${some.at(-1)}`, { timeout: 600_000 }, () => {
      const sums: Partial<Record<keyof GateFacts, number>> = {};
      for (const seed of some) {
        const world = new GateWorld(seed, has_windows);
        world.play();
        for (const [name, count] of Object.entries(world.facts) as [keyof GateFacts, number][])
          sums[name] = (sums[name] ?? 0) + count;
        const command = `ATP_SEED=${seed} npx vitest run packages/router/test/processes/gates.test.ts`;
        expect(world.broken, `replay it with ${command}`).toEqual([]);
      }
      if (ATP_SEED !== undefined) return;
      if (!has_windows) delete sums.windows;
      for (const [name, count] of Object.entries(sums)) expect(count, name).toBeGreaterThan(0);
    });
  }
});
