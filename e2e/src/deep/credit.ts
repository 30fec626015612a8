import type { CreditFacts } from '@atp-router/flow/credit-testing';
import { historiesPart } from './histories.ts';
import type { Part } from './part.ts';

const LABELS: Readonly<Record<keyof CreditFacts, string>> = {
  histories: 'histories',
  calls: 'calls',
  granted: 'of them granted',
  refused: 'refused',
  escalated: 'asked of the owner',
  stopped: 'told to stop for gold',
  messages: 'messages',
  lost: 'of them lost',
  repeated: 'that came twice',
  crashes: 'crashes of workers',
  takeovers: 'owners after the first',
  lapses: 'leases that were over',
};

/** Histories of leased credit: workers that crash and stall, owners that die or go on, links that lose, repeat and cut. */
export const credit: Part = historiesPart({
  worker: new URL('./credit-worker.ts', import.meta.url),
  count: 100_000,
  short_count: 300,
  labels: LABELS,
  test: 'packages/flow/test/credit-history.test.ts',
});
