import { availableParallelism } from 'node:os';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import type { Part } from './part.ts';

/** Seeds from `first`, every `step`th, as long as they are below `end`. */
interface HistoriesWork {
  readonly first: number;
  readonly step: number;
  readonly end: number;
}

interface HistoriesDone {
  /** What happened, counted. */
  readonly facts: Readonly<Record<string, number>>;
  readonly problems: readonly string[];
}

export interface Histories {
  /** A module that calls `playAll`, in a thread of its own. */
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

/** One kind of history, as its room plays it. */
interface Game<R extends { readonly problems: readonly unknown[] }> {
  play(seed: number): R;
  readonly tally: { readonly facts: object; add(result: R): void };
  readonly reportOf: (seed: number, result: R) => string;
}

/** What a worker does: plays its part of the seeds, and posts what came of them. */
export function playAll<R extends { readonly problems: readonly unknown[] }>({ play, tally, reportOf }: Game<R>): void {
  const { first, step, end } = workerData as HistoriesWork;
  const problems: string[] = [];
  for (let seed = first; seed < end && problems.length < PROBLEMS_MAX; seed += step) {
    const result = play(seed);
    tally.add(result);
    if (result.problems.length > 0) problems.push(reportOf(seed, result));
  }
  parentPort?.postMessage({ facts: { ...tally.facts }, problems } as HistoriesDone);
}

function runWorker(url: URL, work: HistoriesWork): Promise<HistoriesDone> {
  const worker = new Worker(url, { workerData: work });
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
