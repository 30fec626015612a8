import { type CarrierReport, runChaos } from '../chaos/run.ts';
import type { Part } from './part.ts';

/**
 * A thousand sessions, two in three over WebSockets and the others over plain HTTP, over connections that are cut, cut short and
 * delayed, while their router is killed and restarted.
 */
export const chaos: Part = async ({ seed, short, say }) => {
  const sessions = short ? 50 : 1_000;
  const { carriers, connections, cuts, delays, problems } = await runChaos({
    ...{ seed, sessions, tasks: short ? 3 : 10, say },
  });
  return {
    facts: [
      ...factsOf('WebSocket', carriers.websocket),
      ...factsOf('plain HTTP', carriers.http),
      ['plain HTTP: events that were read on with Last-Event-ID', String(carriers.http.reads_on)],
      ['connections of TCP', String(connections)],
      ['of them cut, or cut in the middle of what they carried', String(cuts)],
      ['delays', String(delays)],
      ['restarts of the router', '1 SIGKILL, 1 SIGTERM'],
    ],
    problems,
  };
};

function factsOf(carrier: string, report: CarrierReport): readonly (readonly [string, string])[] {
  const { sessions, tasks, answered, failed, reconnects } = report;
  const failures = Object.entries(failed).map(([code, count]) => `${count} ${code}`);
  return [
    [`${carrier}: sessions`, String(sessions)],
    [`${carrier}: tasks`, String(tasks)],
    [`${carrier}: answered once`, String(answered)],
    [`${carrier}: reported as failed`, failures.join(', ') || '0'],
    [`${carrier}: connections that clients made anew`, String(reconnects)],
  ];
}
