import { ValkeyServer } from '@atp-router/adapters/testing';
import { type ProcessesReport, runProcessKills } from '../processes/run.ts';
import type { Part } from './part.ts';

/** Journals grow with each kill and are read whole after each; a batch begins with new ones. */
const BATCH = 24;
const KILLS = 240;
const SHORT_KILLS = 6;

/** `over_valkey`: limits are held as between machines, and the server is killed as well. */
async function killsOf(seed: number, count: number, over_valkey: boolean): Promise<ProcessesReport> {
  if (!over_valkey) return runProcessKills(seed, count);
  const server = await ValkeyServer.start();
  try {
    return await runProcessKills(seed, count, server);
  } finally {
    await server.stop();
  }
}

/** `kill -9` of an owner and its workers under traffic, every other time of Valkey as well, and a budget that is used up to its last call each time. */
export const processes: Part = async ({ seed, short, say }) => {
  const wanted = short ? SHORT_KILLS : KILLS;
  const kills: Record<string, number> = {};
  const problems: string[] = [];
  const sums = { kills: 0, requests: 0, calls: 0, interrupted: 0, refused: 0, repeats: 0, budgets: 0, charged: 0 };
  for (let batch = 0; sums.kills < wanted && problems.length === 0; batch += 1) {
    const report = await killsOf(seed + batch, Math.min(BATCH, wanted - sums.kills), batch % 2 === 1);
    for (const [name, count] of Object.entries(report.kills)) {
      kills[name] = (kills[name] ?? 0) + count;
      sums.kills += count;
    }
    sums.requests += report.requests;
    sums.calls += report.calls;
    sums.interrupted += report.interrupted;
    sums.refused += report.refused;
    sums.repeats += report.repeats;
    sums.budgets += report.budget_calls;
    sums.charged += report.charged_calls;
    problems.push(...report.problems.map((problem) => `seed ${seed + batch}: ${problem}`));
    say(`${sums.kills} of ${wanted} kills`);
  }
  const by_process = Object.entries(kills).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    facts: [
      ['kills by process', by_process.map(([name, count]) => `${name} ${count}`).join(', ')],
      ['requests of clients', String(sums.requests)],
      ['calls in the journals', String(sums.calls)],
      ['calls settled as interrupted', String(sums.interrupted)],
      ['requests refused', String(sums.refused)],
      ['idempotent repeats', String(sums.repeats)],
      ['calls that budgets allowed', String(sums.budgets)],
      ['calls charged to them', String(sums.charged)],
    ],
    problems,
  };
};
