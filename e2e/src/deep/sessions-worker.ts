import { hash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { drawPlan, type HistoryFacts, playPlan, reportOf, sessionMachines, tallyOf } from '@atp-router/session/testing';
import { digestsFrom } from '@atp-router/wire';

/** Seeds from `first`, every `step`th, as long as they are below `end`. */
export interface SessionsWork {
  readonly first: number;
  readonly step: number;
  readonly end: number;
}

export interface SessionsDone {
  readonly facts: Readonly<HistoryFacts>;
  readonly problems: readonly string[];
}

/** More of them say no more; each is replayed by its own command. */
const PROBLEMS_MAX = 20;

function play({ first, step, end }: SessionsWork): SessionsDone {
  const digests = digestsFrom((bytes) => hash('sha256', bytes, 'buffer'));
  const make = sessionMachines(digests);
  const tally = tallyOf();
  const problems: string[] = [];
  for (let seed = first; seed < end && problems.length < PROBLEMS_MAX; seed += step) {
    const result = playPlan(drawPlan(seed), { make, digests });
    tally.add(result);
    if (result.problems.length > 0) problems.push(reportOf(seed, result));
  }
  return { facts: tally.facts, problems };
}

parentPort?.postMessage(play(workerData as SessionsWork));
