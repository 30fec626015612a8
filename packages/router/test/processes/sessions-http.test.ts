import { statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { AtpClient, type LinkEvent, type Runtime, systemRuntime } from '@atp-router/sdk';
import { http } from '@atp-router/sdk/http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Running, TENANT_KEY } from '../admin/harness.ts';
import { call } from '../admin/http.ts';
import { all, connected, expectWhole, HI } from '../atp/sdk-http-rig.ts';
import { startProcesses } from './support/processes.ts';

const KEY = { authorization: `Bearer ${TENANT_KEY}` };

interface Alternating {
  readonly client: AtpClient;
  readonly events: readonly LinkEvent[];
  /** `method path` of each request, without what is behind the worker's part of an id, and which worker got it. */
  readonly asked: readonly string[];
}

/** A client over plain HTTP whose requests go to one worker after the other, as connections to a port that they share may. */
function alternating(workers: readonly Running[]): Alternating {
  const events: LinkEvent[] = [];
  const asked: string[] = [];
  const real = systemRuntime();
  const fetch: Runtime['fetch'] = (url, init) => {
    const at = asked.length % workers.length;
    const { pathname } = new URL(url);
    asked.push(`${pathname.replace(/(w\d-)[^/]+/, '$1')} ${at + 1}`);
    return real.fetch(`${workers[at]?.url}${pathname}`, init);
  };
  const client = new AtpClient(
    {
      ...{ url: 'http://router.test', key: TENANT_KEY, transport: http, reconnect: { base_ms: 1, cap_ms: 5 } },
      onLink: (event) => events.push(event),
    },
    { ...real, fetch },
  );
  onTestFinished(() => client.close());
  return { client, events, asked };
}

describe('plain HTTP at several workers', { timeout: 30_000 }, () => {
  it('is one connection, whichever worker a request reaches', async () => {
    const { workers } = await startProcesses(2);
    const { client, events, asked } = alternating(workers);
    for (let n = 0; n < 4; n += 1) expectWhole(await all(client.task(HI)));
    expect(connected(events)).toEqual([false]);
    const posts = asked.filter((one) => one.startsWith('/v1/streams/w1-/frames'));
    expect(new Set(posts)).toEqual(new Set(['/v1/streams/w1-/frames 1', '/v1/streams/w1-/frames 2']));
    expect(asked).toContain('/v1/streams/w1-/events 2');
    expect(workers.map(({ router }) => router.engine.in_flight)).toEqual([0, 0]);
  });

  it('refuses a wrong key, and names that are no connection, as one worker does', async () => {
    const { workers } = await startProcesses(2);
    const at = (id: string, headers: Record<string, string> = KEY) =>
      call(`${workers[0]?.url}/v1/streams/${id}/events`, { headers });
    expect((await at('w2-none', { authorization: 'Bearer nobody' })).status).toBe(401);
    for (const id of ['w2-none', 'w1-none', 'w3-none', 'none', 'w0-none', 'w02-none']) {
      expect([id, (await at(id)).status]).toEqual([id, 404]);
    }
  });

  it('asks the client to come again when the worker of a connection is gone', async () => {
    const { workers } = await startProcesses(2);
    await workers[1]?.stop();
    const gone = await call(`${workers[0]?.url}/v1/streams/w2-none/events`, { headers: KEY });
    expect([gone.status, gone.headers['retry-after']]).toEqual([503, '1']);
  });

  it('believes what a worker says of the client, and nobody else', async () => {
    const { workers, config } = await startProcesses(2);
    const path = join(config.data_dir, 'run', 'worker-1-http.sock');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const seen: string[] = [];
    for (const { router } of workers)
      router.table.add('GET', '/address', (exchange) => {
        seen.push(exchange.remote_address);
        exchange.reply(204, [], '');
      });
    const headers = { 'atp-client-address': '192.0.2.7' };
    await call(`${workers[0]?.url}/address`, { headers });
    await new Promise<void>((resolve, reject) => {
      request({ socketPath: path, path: '/address', headers: { ...headers, host: 'router' } }, (res) => {
        res.resume().once('end', resolve);
      })
        .once('error', reject)
        .end();
    });
    expect(seen).toEqual(['127.0.0.1', '192.0.2.7']);
  });
});
