import { valkeyCluster, type Cluster } from '@atp-router/adapters';
import { findValkey, type ValkeyServer } from '@atp-router/adapters/testing';
import { DEFAULT_ELECTION } from '@atp-router/flow';
import { describe, expect, it, onTestFinished } from 'vitest';
import { settled, until } from '../shared/support/time.ts';
import { PLACES, serverFor, twoMachines } from './support/two-machines.ts';

const WORKER = 'stranger.w1';
const to_leader = (kind: string, body: unknown) => ({ to: 'leader', kind, worker: WORKER, body });
const ended = {
  provider_account: 'provider:up',
  sign: 'timely',
  record: { outcome: 'ok', latency_ms: 1, usage: null },
};

/** What no process of ours sends: each once broke something, or might have. */
const STRANGE: readonly unknown[] = [
  null,
  'hello',
  { to: 'leader', kind: 'ceiling', worker: 'somebody-else.w1', body: null },
  to_leader('ceiling', null),
  to_leader('ceiling', { account: 'tenant:acme', reason: 'estimates', calls: 'x' }),
  to_leader('ceiling', { account: 'tenant:acme', reason: 'estimates', calls: -1 }),
  to_leader('ceiling', { account: 'tenant:acme', reason: '__proto__', calls: 1 }),
  to_leader('signals', [null]),
  to_leader('signals', [{ account: 'deployment:up/m', ended }]),
  to_leader('signals', { length: 3 }),
  to_leader('credit', { v: 1, worker: WORKER }),
  to_leader('constructor', {}),
  { to: 'member', kind: 'ceilings', worker: '', body: { is_all: true, changes: [null] } },
  { to: 'member', kind: 'credit', worker: '', body: null },
];

/** Somebody else who may write to the server. */
async function stranger(server: ValkeyServer): Promise<Cluster> {
  const cluster = valkeyCluster({
    ...{ url: server.url(), prefix: 'atp', self: 'stranger#1.0', settled_ms: DEFAULT_ELECTION.settled_ms },
    ...{ onMessages: () => undefined, onLost: () => undefined, onProblem: () => undefined },
  });
  onTestFinished(() => cluster.close());
  while (!cluster.stats().is_up) await settled();
  return cluster;
}

describe.skipIf(findValkey() === undefined)(
  'what comes over the server and is none of ours',
  { timeout: 120_000 },
  () => {
    it('changes no limit and cuts no connection, and an operator is told once in a while', async () => {
      const server = await serverFor();
      const { up, leader, relay } = await twoMachines(server);
      const cluster = await stranger(server);
      const beat = { n: 1, leads: 0, takes: undefined, known: 0, run: '', run_seen_ms: 0 };
      const { leader: address } = await cluster.beat(beat, []);
      for (let i = 0; i < 20; i += 1) for (const message of STRANGE) cluster.send(address ?? '', message);
      await until(() => leader.problems.length > 0);
      const calls = Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? leader : relay).ask(`call ${i}`));
      for (let n = 0; n < 12; n += 1) {
        await up.arrived(Math.min(12, n + PLACES));
        up.next();
      }
      for (const reply of await Promise.all(calls)) expect(reply.status).toBe(200);
      expect(up.most).toBe(PLACES);
      expect(leader.problems.length).toBeLessThanOrEqual(2);
      for (const problem of leader.problems) expect(problem).toContain('sent something that is not understood here');
      expect(await leader.status()).toMatchObject({ role: 'leader', is_up: true, lost_total: 0 });
    });
  },
);
