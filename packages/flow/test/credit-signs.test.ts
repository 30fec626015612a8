import { expect, test } from 'vitest';
import { CreditOwner } from '../src/credit/owner.ts';
import { FAIR, type Plan, type PlannedEvent } from '../src/credit/testing/plan.ts';
import { playPlan } from '../src/credit/testing/play.ts';
import type { QueueSigns } from '../src/scheduler/changes.ts';

const DAY_MS = 86_400_000;

/** One place, and calls that come faster than it serves them. */
function crowded(): Plan {
  const events = Array.from({ length: 300 }, (_, i): PlannedEvent => {
    const plain = { tenant: i % 10 === 0 ? 'slow' : 'a', model: 'm1', qos: 'silver', tokens: 100, used: 100 } as const;
    const rest = { wait_ms: 600_000, cancel_ms: undefined, grows: 0, again: false, is_preemptible: true } as const;
    return { do: 'call', at_ms: i * 10, worker: i % 2, hold_ms: 100, ...plain, ...rest };
  });
  const limits = new Map([['provider:p', { max_parallel: 1 }]]);
  const setting = { workers: 2, limits, wall_ms: 20_000 * DAY_MS, rates: [1, 1, 1], weather: FAIR, is_calm: true };
  return { seed: 1, setting, events, heal_ms: 60_000 };
}

test('an owner of credit tells of the pressure on its queues, when it begins and when it is over', () => {
  const signs: QueueSigns[] = [];
  const machines = {
    makeOwner: (...[setup, now]: ConstructorParameters<typeof CreditOwner>) =>
      new CreditOwner({ ...setup, onSigns: (one) => signs.push(one) }, now),
  };
  expect(playPlan(crowded(), machines).problems).toEqual([]);
  const marks = signs.flatMap((one) => one.marks);
  expect(new Set(marks.map(({ account }) => account))).toEqual(new Set(['provider:p']));
  expect(marks[0]).toEqual({ account: 'provider:p', is_high: true });
  expect(marks.at(-1)).toEqual({ account: 'provider:p', is_high: false });
});
