import { runChaos } from '../chaos/run.ts';
import type { Part } from './part.ts';

/** A thousand sessions over connections that are cut, cut short and delayed, while their router is killed and restarted. */
export const chaos: Part = async ({ seed, short, say }) => {
  const sessions = short ? 50 : 1_000;
  const { tasks, answered, failed, reconnects, connections, cuts, delays, problems } = await runChaos({
    ...{ seed, sessions, tasks: short ? 3 : 10, say },
  });
  const failures = Object.entries(failed).map(([code, count]) => `${count} ${code}`);
  return {
    facts: [
      ['sessions', String(sessions)],
      ['tasks', String(tasks)],
      ['answered once', String(answered)],
      ['reported as failed', failures.join(', ') || '0'],
      ['connections', String(connections)],
      ['of them cut, or cut in the middle of a frame', String(cuts)],
      ['delays', String(delays)],
      ['connections that clients made anew', String(reconnects)],
      ['restarts of the router', '1 SIGKILL, 1 SIGTERM'],
    ],
    problems,
  };
};
