import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Part } from './part.ts';

/** Seeds from `first`, every `step`th, as long as they are below `end`. */
export interface HistoriesWork {
  readonly first: number;
  readonly step: number;
  readonly end: number;
}

export interface HistoriesDone {
  /** What happened, counted. */
  readonly facts: Readonly<Record<string, number>>;
  readonly problems: readonly string[];
}

export interface Histories {
  /** Plays its part of the seeds in a thread: given `HistoriesWork`, it posts `HistoriesDone`. */
  readonly worker: URL;
  readonly count: number;
  readonly short_count: number;
  /** How the report calls what is counted. */
  readonly labels: Readonly<Record<string, string>>;
  /** Test file that replays a seed. */
  readonly test: string;
}

/** So that something is said now and then. */
const BATCHES = 10;
/** A worker takes some time to begin. */
const BATCH_MIN = 10_000;
/** More problems of one worker say no more; each is replayed by its own command. */
const PROBLEMS_MAX = 20;

/** What a worker does. `play` tells what broke, if something did. */
export function playAll(work: HistoriesWork, play: (seed: number) => string | undefined): readonly string[] {
  const problems: string[] = [];
  for (let seed = work.first; seed < work.end && problems.length < PROBLEMS_MAX; seed += work.step) {
    const problem = play(seed);
    if (problem !== undefined) problems.push(problem);
  }
  return problems;
}

function runWorker(url: URL, workerData: HistoriesWork): Promise<HistoriesDone> {
  const worker = new Worker(url, { workerData });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** Seeded histories, on all cores. */
export function historiesPart({ worker, count, short_count, labels, test }: Histories): Part {
  return async ({ seed, short, say }) => {
    const wanted = short ? short_count : count;
    const first = (seed - 1) * wanted + 1;
    const workers = availableParallelism();
    const sums = new Map(Object.keys(labels).map((name) => [name, 0]));
    const problems: string[] = [];
    const batch = Math.max(BATCH_MIN, Math.ceil(wanted / BATCHES));
    for (let from = first; from < first + wanted; from += batch) {
      const end = Math.min(from + batch, first + wanted);
      const work = Array.from({ length: workers }, (_, i) => ({ first: from + i, step: workers, end }));
      for (const done of await Promise.all(work.map((one) => runWorker(worker, one)))) {
        for (const [name, sum] of sums) sums.set(name, sum + (done.facts[name] ?? 0));
        problems.push(...done.problems);
      }
      say(`${sums.get('histories')} of ${wanted} histories`);
    }
    for (const problem of problems) say(problem);
    return {
      facts: [
        ...[...sums].map(([name, sum]): [string, string] => [labels[name] ?? name, String(sum)]),
        ['seeds', `${first} to ${first + wanted - 1}; replayed with ATP_SEED=<seed> npx vitest run ${test}`],
      ],
      problems: problems.map((problem) => problem.split('\n').slice(0, 2).join(' ')),
    };
  };
}
