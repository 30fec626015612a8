import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findValkey, ValkeyServer } from '@atp-router/adapters/testing';
import { expect, onTestFinished, test } from 'vitest';
import { open } from '../support/http.ts';
import { type Started, startRouter, tempFolder } from '../support/process.ts';

// Two machines as operators run them, one of whose owners is killed.

const RECORD = 'atp:cluster:1:record';
const KEY = /atp_[a-z2-7]{32}/;

interface Machine extends Started {
  readonly url: string;
  readonly node_id: string;
  readonly key: string;
}

async function machine(server: ValkeyServer, node_id: string): Promise<Machine> {
  const cwd = tempFolder();
  const lines = [
    `node_id: ${node_id}`,
    `cluster: { type: valkey, url: "${server.url()}" }`,
    'providers: [{ id: up, type: sim, sim: { latency_ms: { p50: 1, p95: 2 }, chunk_ms: 0 }, max_concurrency: 2 }]',
    'models: [{ id: small, provider: up, context: 100000 }]',
  ];
  writeFileSync(join(cwd, 'atp.yaml'), lines.join('\n'));
  const router = await startRouter(cwd);
  return { ...router, node_id, key: KEY.exec(router.out())?.[0] ?? '' };
}

/** Until a call is answered: nothing is granted while nobody holds the limits. */
async function served({ url, key }: Machine): Promise<void> {
  const body = JSON.stringify({ model: 'small', messages: [{ role: 'user', content: 'hello' }] });
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  for (;;) {
    const { status } = await open(`${url}/v1/chat/completions`, { method: 'POST', headers, body }).whole;
    if (status === 200) return;
    expect([429, 503]).toContain(status);
  }
}

/** The address of the process that holds the limits: `<node>.<data directory>#<incarnation>`. */
async function leader(server: ValkeyServer, is: (holder: string) => boolean): Promise<string> {
  for (;;) {
    const holder = server.ask('hget', RECORD, 'holder');
    if (is(holder)) return holder;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test.skipIf(findValkey() === undefined)(
  'kill -9 of the owner that holds the limits: the other machine takes over, and both serve on',
  { timeout: 180_000 },
  async () => {
    const server = await ValkeyServer.start();
    onTestFinished(() => server.stop());
    const machines = await Promise.all([machine(server, 'north'), machine(server, 'south')]);
    const first = await leader(server, (holder) => holder !== '');
    await Promise.all(machines.map(served));
    const epoch = Number(server.ask('hget', RECORD, 'epoch'));

    const killed = machines.find(({ node_id }) => first.startsWith(`${node_id}.`)) as Machine;
    const [, pid = ''] = await killed.says(/"child":"owner","pid":(\d+)/);
    process.kill(Number(pid), 'SIGKILL');
    await killed.says(/"child":"owner".*"msg":"process is ready again"/);
    const second = await leader(server, (holder) => holder !== first);
    expect(Number(server.ask('hget', RECORD, 'epoch'))).toBeGreaterThan(epoch);
    // It may be the one that was killed, started anew: never the same process.
    expect(machines.some(({ node_id }) => second.startsWith(`${node_id}.`))).toBe(true);
    await Promise.all(machines.map(served));

    for (const { child } of machines) child.kill('SIGTERM');
    expect(await Promise.all(machines.map((one) => one.ended()))).toEqual([0, 0]);
  },
);
