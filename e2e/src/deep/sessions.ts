import type { HistoryFacts } from '@atp-router/session/testing';
import { historiesPart } from './histories.ts';
import type { Part } from './part.ts';

const LABELS: Readonly<Record<keyof HistoryFacts, string>> = {
  histories: 'histories',
  frames: 'frames',
  fragments: 'of them fragments',
  handed_on: 'messages handed on',
  failed: 'messages reported as failed',
  lost: 'frames lost',
  repeated: 'frames repeated',
  held_back: 'frames held back',
  corrupted: 'frames with changed bits',
  resumptions: 'resumptions',
  restarts: 'crashes of an end',
};

/** Histories of two sessions over connections that lose, repeat, reorder and change frames, and ends that crash. */
export const sessions: Part = historiesPart({
  worker: new URL('./sessions-worker.ts', import.meta.url),
  count: 100_000,
  short_count: 1_000,
  labels: LABELS,
  test: 'packages/session/test/history.test.ts',
});
