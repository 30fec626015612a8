import { hash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { drawPlan, playPlan, reportOf, sessionMachines, tallyOf } from '@atp-router/session/testing';
import { digestsFrom } from '@atp-router/wire';
import { type HistoriesDone, type HistoriesWork, playAll } from './histories.ts';

function play(work: HistoriesWork): HistoriesDone {
  const digests = digestsFrom((bytes) => hash('sha256', bytes, 'buffer'));
  const make = sessionMachines(digests);
  const tally = tallyOf();
  const problems = playAll(work, (seed) => {
    const result = playPlan(drawPlan(seed), { make, digests });
    tally.add(result);
    return result.problems.length > 0 ? reportOf(seed, result) : undefined;
  });
  return { facts: { ...tally.facts }, problems };
}

parentPort?.postMessage(play(workerData as HistoriesWork));
