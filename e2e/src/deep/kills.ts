import { runKills } from '../kill/run.ts';
import type { Part } from './part.ts';

/** Data directories grow with each kill and are read whole after each; a batch begins with a new one. */
const BATCH = 25;
const KILLS = 500;
const SHORT_KILLS = 17;

/** `kill -9` again and again, at every named point and from outside. */
export const kills: Part = async ({ seed, short, say }) => {
  const wanted = short ? SHORT_KILLS : KILLS;
  const points: Record<string, number> = {};
  const problems: string[] = [];
  const sums = { kills: 0, requests: 0, calls: 0, interrupted: 0, cancelled: 0, hedged: 0, repeats: 0 };
  for (let batch = 0; sums.kills < wanted && problems.length === 0; batch += 1) {
    const report = await runKills(seed + batch, Math.min(BATCH, wanted - sums.kills));
    for (const [point, count] of Object.entries(report.points)) points[point] = (points[point] ?? 0) + count;
    sums.kills += report.kills;
    sums.requests += report.requests;
    sums.calls += report.calls;
    sums.interrupted += report.interrupted;
    sums.cancelled += report.cancelled;
    sums.hedged += report.hedged;
    sums.repeats += report.repeats;
    problems.push(...report.problems.map((problem) => `seed ${seed + batch}: ${problem}`));
    say(`${sums.kills} of ${wanted} kills`);
  }
  const by_point = Object.entries(points).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    facts: [
      ['kills', String(sums.kills)],
      ['requests of clients', String(sums.requests)],
      ['calls in the journals', String(sums.calls)],
      ['calls settled as interrupted', String(sums.interrupted)],
      ['calls whose client left', String(sums.cancelled)],
      ['hedged calls', String(sums.hedged)],
      ['idempotent repeats', String(sums.repeats)],
      ['kills by point', by_point.map(([point, count]) => `${point} ${count}`).join(', ')],
    ],
    problems,
  };
};
