import { parentPort, workerData } from 'node:worker_threads';
import { drawPlan, playPlan, reportOf, tallyOf } from '@atp-router/flow/credit-testing';
import { type HistoriesDone, type HistoriesWork, playAll } from './histories.ts';

function play(work: HistoriesWork): HistoriesDone {
  const tally = tallyOf();
  const problems = playAll(work, (seed) => {
    const result = playPlan(drawPlan(seed));
    tally.add(result);
    return result.problems.length > 0 ? reportOf(seed, result) : undefined;
  });
  return { facts: { ...tally.facts }, problems };
}

parentPort?.postMessage(play(workerData as HistoriesWork));
