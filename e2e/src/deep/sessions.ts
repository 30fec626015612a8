import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { HistoryFacts } from '@atp-router/session/testing';
import type { Part } from './part.ts';
import type { SessionsDone, SessionsWork } from './sessions-worker.ts';

const HISTORIES = 100_000;
const SHORT_HISTORIES = 1_000;
/** So that something is said now and then. */
const BATCH = 10_000;

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

function runWorker(work: SessionsWork): Promise<SessionsDone> {
  const worker = new Worker(new URL('./sessions-worker.ts', import.meta.url), { workerData: work });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** Histories of two sessions over connections that lose, repeat, reorder and change frames, and ends that crash. */
export const sessions: Part = async ({ seed, short, say }) => {
  const wanted = short ? SHORT_HISTORIES : HISTORIES;
  const first = (seed - 1) * wanted + 1;
  const workers = availableParallelism();
  const sums = Object.fromEntries(Object.keys(LABELS).map((name) => [name, 0])) as unknown as HistoryFacts;
  const names = Object.keys(LABELS) as (keyof HistoryFacts)[];
  const problems: string[] = [];
  for (let from = first; from < first + wanted; from += BATCH) {
    const end = Math.min(from + BATCH, first + wanted);
    const work = Array.from({ length: workers }, (_, i) => ({ first: from + i, step: workers, end }));
    for (const done of await Promise.all(work.map(runWorker))) {
      for (const name of names) sums[name] += done.facts[name];
      problems.push(...done.problems);
    }
    say(`${sums.histories} of ${wanted} histories`);
  }
  for (const problem of problems) say(problem);
  return {
    facts: [
      ...names.map((name): [string, string] => [LABELS[name], String(sums[name])]),
      [
        'seeds',
        `${first} to ${first + wanted - 1}; replayed with ATP_SEED=<seed> npx vitest run packages/session/test/history.test.ts`,
      ],
    ],
    problems: problems.map((problem) => problem.split('\n').slice(0, 2).join(' ')),
  };
};
