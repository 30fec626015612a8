import { describe, expect, it } from 'vitest';
import { ADMIN_KEY, errorOf, TENANT_KEY } from '../admin/harness.ts';
import { call } from '../admin/http.ts';
import { endless, through, upstream } from '../admin/upstream.ts';
import { startProcesses } from './support/processes.ts';

/** The machine may be busy. */
const PATIENT = { timeout: 20_000 };

describe('a router of several processes', () => {
  it('has one admin API, whichever worker is asked', async () => {
    const { workers } = await startProcesses(2);
    const [one, two] = workers;
    expect((await one?.admin('POST', '/tenants', { id: 'beta' }))?.status).toBe(201);
    const seen = await two?.admin('GET', '/tenants/beta');
    expect([seen?.status, seen?.json['id']]).toEqual([200, 'beta']);
    const made = await two?.admin('POST', '/keys', { tenant: 'beta', id: 'k1' });
    expect(made?.status).toBe(201);
    const wrong = await one?.admin('POST', '/tenants', { id: 'gamma', nonsense: 1 });
    expect([wrong?.status, wrong && errorOf(wrong).code]).toEqual([400, 'invalid_request']);
    expect((await one?.admin('DELETE', '/tenants/beta'))?.status).toBe(200);
  });

  it('asks for an admin key as one process does', async () => {
    const { workers } = await startProcesses(2);
    const url = `${workers[0]?.url}/admin/v1/status`;
    expect((await call(url)).status).toBe(401);
    const tenant = await call(url, { headers: { authorization: `Bearer ${TENANT_KEY}` } });
    expect([tenant.status, errorOf(tenant).code]).toEqual([403, 'policy_denied']);
    const unknown = await call(`${workers[0]?.url}/admin/v1/nothing`, {
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    });
    expect([unknown.status, errorOf(unknown).code]).toEqual([404, 'not_found']);
    const method = await call(url, { method: 'PUT', headers: { authorization: `Bearer ${ADMIN_KEY}` } });
    expect([method.status, method.headers['allow']]).toEqual([405, 'GET, HEAD']);
  });

  it('shows the calls of all, cancels any, and says when it is over', async () => {
    const up = await upstream(endless().answer);
    const { workers } = await startProcesses(2, through(up.base_url));
    const [one, two] = workers;
    const streams = await Promise.all([one?.chatStream({}), two?.chatStream({})]);
    for (const stream of streams) await stream?.next((block) => block.data.includes('two'));
    const live = await one?.admin('GET', '/live');
    expect(live?.json).toMatchObject({
      calls_total: 2,
      calls: [{ tenant: 'acme' }, { tenant: 'acme' }],
      tenants: [{ tenant: 'acme', outstanding: { calls: 2 } }],
      providers: [{ provider: 'up', in_flight: 2 }],
      targets: [{ model: 'small', in_flight: 2, breaker: 'closed', ready: true }],
    });
    const flow = await two?.admin('GET', '/flow');
    expect(flow?.json).toMatchObject({ calls_in_flight: 2, tenants: [{ tenant: 'acme', calls: { outstanding: 2 } }] });
    const tiers = flow?.json['tiers'] as { qos: string; granted_total: number; in_flight: number }[];
    expect(tiers.map(({ granted_total }) => granted_total).reduce((a, b) => a + b)).toBe(2);
    const ids = streams.map((stream) => String(stream?.incoming.headers['x-atp-request-id']));
    for (const id of ids) {
      expect((await one?.admin('GET', `/calls/${id}`))?.json).toMatchObject({ state: 'running' });
      expect((await one?.admin('POST', `/calls/${id}/cancel`))?.json).toEqual({ call_id: id, cancelled: true });
    }
    for (const stream of streams) expect((await stream?.rest())?.map(({ data }) => data).join()).toContain('cancelled');
    await expect
      .poll(async () => (await two?.admin('GET', `/calls/${ids[0]}`))?.json, PATIENT)
      .toMatchObject({ state: 'ended' });
    expect((await one?.admin('POST', `/calls/${ids[0]}/cancel`))?.status).toBe(404);
    expect((await one?.admin('GET', '/status'))?.json).toMatchObject({
      calls_in_flight: 0,
      listening: one?.url,
      processes: [
        { process: 'owner', answers: true },
        { process: 'worker:1', answers: true },
        { process: 'worker:2', answers: true },
      ],
    });
  });

  it('stops the calls of all by one switch, and counts them', async () => {
    const up = await upstream(endless().answer);
    const { workers } = await startProcesses(2, through(up.base_url));
    const [one, two] = workers;
    const streams = await Promise.all([one?.chatStream({}), one?.chatStream({}), two?.chatStream({})]);
    for (const stream of streams) await stream?.next((block) => block.data.includes('two'));
    const killed = await two?.admin('POST', '/kill', { scope: 'tenant', id: 'acme', on: true, reason: 'runaway' });
    expect(killed?.json).toEqual({ scope: 'tenant', id: 'acme', on: true, stopped_calls: 3 });
    for (const stream of streams) expect((await stream?.rest())?.map(({ data }) => data).join()).toContain('runaway');
    expect((await one?.chat({}))?.status).toBe(403);
    const scraped = await call(`${one?.url}/metrics`);
    expect(scraped.text).toContain('\natp_killed_calls_total 3\n');
    expect(scraped.text).toContain('\natp_kill_switches{scope="tenant"} 1\n');
    const off = { scope: 'tenant', id: 'acme', on: false, reason: 'mended' };
    expect((await one?.admin('POST', '/kill', off))?.status).toBe(200);
    await expect.poll(async () => (await two?.chatStream({}))?.incoming.statusCode, PATIENT).toBe(200);
  });

  it('estimates as those do that serve calls', async () => {
    const { workers } = await startProcesses(2);
    const question = {
      endpoint: 'chat.completions',
      body: { model: 'small', messages: [{ role: 'user', content: 'x' }] },
    };
    const answer = await workers[1]?.admin('POST', '/estimate', question);
    expect(answer?.json).toMatchObject({ tenant: 'acme', candidates: [{ model: 'small', provider: 'sim' }] });
    const unknown = { ...question, body: { ...question.body, model: 'none' } };
    const refused = await workers[1]?.admin('POST', '/estimate', unknown);
    expect([refused?.status, refused && errorOf(refused).code]).toEqual([404, 'model_not_found']);
  });

  it('tells of events of all processes, each with its name', async () => {
    const { workers, owner } = await startProcesses(2);
    const [one, two] = workers;
    const seen = await one?.events('?types=call.ended,kill.set');
    await one?.chat({});
    await two?.chat({});
    await two?.admin('POST', '/kill', { scope: 'model', id: 'small', on: true, reason: 'enough' });
    const events = [await seen?.next(), await seen?.next(), await seen?.next()].map(
      (block) => JSON.parse(block?.data ?? '{}') as { type: string; node_id: string },
    );
    const told = events.map(({ type, node_id }) => `${type} ${node_id}`);
    const { node_id } = owner.router;
    expect(told.sort()).toEqual([`call.ended ${node_id}.w1`, `call.ended ${node_id}.w2`, `kill.set ${node_id}`]);
    seen?.close();
  });

  it('says so when its owner is away, and finds the next one', async () => {
    const several = await startProcesses(2);
    const { owner, workers } = several;
    await owner.stop();
    const away = await workers[0]?.admin('GET', '/status');
    expect([away?.status, away && errorOf(away).code, away?.headers['retry-after']]).toEqual([
      503,
      'backpressure',
      '1',
    ]);
    const metrics = await call(`${workers[0]?.url}/metrics`);
    expect([metrics.status, metrics.headers['retry-after']]).toEqual([503, '1']);
    await several.startOwner();
    await expect.poll(async () => (await workers[0]?.admin('GET', '/status'))?.status, PATIENT).toBe(200);
    await expect.poll(async () => (await call(`${workers[1]?.url}/metrics`)).status, PATIENT).toBe(200);
  });

  it('ends streams that a worker passes on when that stops', async () => {
    const { workers } = await startProcesses(2);
    const seen = await workers[0]?.events();
    const rest = seen?.rest();
    await workers[0]?.stop();
    await rest;
    expect(seen?.incoming.complete).toBe(true);
  });
});
