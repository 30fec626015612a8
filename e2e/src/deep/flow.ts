import type { HistoryFacts } from '@atp-router/flow/testing';
import { historiesPart } from './histories.ts';
import type { Part } from './part.ts';

const LABELS: Readonly<Record<keyof HistoryFacts, string>> = {
  histories: 'histories',
  events: 'events',
  asked: 'demands',
  granted: 'of them granted',
  waited: 'of them waited',
  moved: 'moves to another queue',
  denied: 'denied',
  expired: 'given up',
  shed: 'shed',
  cancelled: 'cancelled',
  replaced: 'parts replaced while they waited',
  failed: 'growth of what had ended',
  preempted: 'told to stop for gold',
  lapsed: 'leases that were over',
  returned: 'parts settled after their lease',
  ended_again: 'parts that were ended twice, in vain',
  dropped: 'accounts dropped from a full table',
  starving: 'tenants taken for starving',
  fair_stretches: 'stretches of two backlogged flows',
};

/** Histories of demands on one scheduler: holders that crash and come back, clocks that jump, limits that change. */
export const flow: Part = historiesPart({
  worker: new URL('./flow-worker.ts', import.meta.url),
  count: 1_000_000,
  short_count: 1_000,
  labels: LABELS,
  test: 'packages/flow/test/history.test.ts',
});
