import type { HistoryFacts } from '@atp-router/consensus/testing';
import { historiesPart } from './histories.ts';
import type { Part } from './part.ts';

const LABELS: Readonly<Record<keyof HistoryFacts, string>> = {
  histories: 'histories',
  lanes: 'lanes',
  pieces: 'pieces of answers',
  twice: 'events that came twice',
  restarted: 'lanes that began anew',
  paused: 'lanes held back',
  asks: 'further questions',
  asked_out: 'sessions that asked all they may',
  provisional: 'results told before the last',
  escalated: 'escalations',
  early: 'begun early',
  arbitrated: 'results that an arbiter wrote',
  late: 'sessions ended by their deadline',
  aborted: 'sessions aborted',
  completed: 'sessions with a result',
  failed: 'sessions without one',
  orders: 'sets of answers heard in two orders',
  heard_alike: 'of them with the same lanes heard',
};

/** Histories of sessions of several agents: lanes that stall, crash, begin anew, and speak out of order and twice. */
export const consensus: Part = historiesPart({
  worker: new URL('./consensus-worker.ts', import.meta.url),
  count: 300_000,
  short_count: 300,
  labels: LABELS,
  test: 'packages/consensus/test/session/history.test.ts',
});
