import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { errorOf, startForTest } from './harness.ts';
import { chunk, upstream } from './upstream.ts';

const KEY = 'sk-upstream-secret';
const SOURCES = {
  env: (name: string) => (name === 'UP_KEY' ? KEY : undefined),
  file: (path: string) => (path === 'up.key' ? `${KEY}\n` : undefined),
};

/** What, path, body, and the field that the error names. */
const REFUSED: readonly (readonly [string, string, object, string])[] = [
  [
    'a literal key',
    '/providers',
    { id: 'up', type: 'openai', base_url: 'http://h/v1', api_key: 'sk-literal' },
    'api_key',
  ],
  ['half a literal key', '/providers', { id: 'up', type: 'openai', api_key: 'sk-${UP_KEY}' }, 'api_key'],
  ['a literal header', '/providers', { id: 'up', type: 'sim', headers: { 'x-token': 'abc' } }, 'headers.x-token'],
  [
    'a reference where it would be shown',
    '/models',
    { id: 'm', provider: 'sim', upstream_model: '${UP_KEY}' },
    'upstream_model',
  ],
  ['a reference in an address', '/providers', { id: 'up', type: 'openai', base_url: 'http://h/${UP_KEY}' }, 'base_url'],
  ['a reference deep inside', '/tenants', { id: 't', models: ['a', '${file:up.key}'] }, 'models.1'],
  ['keys of a tenant', '/tenants', { id: 't', keys: [] }, 'keys'],
  ['no id', '/tenants', { budget: {} }, 'id'],
  [
    'a variable that is not set',
    '/providers',
    { id: 'up', type: 'openai', api_key: '${NOT_SET}' },
    'providers.up.api_key',
  ],
  ['an unknown key', '/tenants', { id: 't', budgt: {} }, 'tenants.t.budgt'],
  ['a provider that is not there', '/models', { id: 'm', provider: 'nope', context: 1 }, 'models.m.provider'],
  ['a value out of bounds', '/models', { id: 'm', provider: 'sim', context: 0 }, 'models.m.context'],
  ['a name that is taken by something else', '/models', { id: 'auto', provider: 'sim', context: 1 }, 'models.auto.id'],
];

it('makes, shows, replaces and deletes a tenant', async () => {
  const { admin } = await startForTest();
  const made = await admin('POST', '/tenants', { id: 'beta', budget: { usd_per_day: 3 } });
  expect([made.status, made.json]).toEqual([
    201,
    expect.objectContaining({ id: 'beta', budget: { usd_per_day: 3 }, at_limit: 'reject', source: 'admin' }),
  ]);
  const again = await admin('POST', '/tenants', { id: 'beta' });
  expect([again.status, errorOf(again).code]).toEqual([409, 'conflict']);
  const put = await admin('PUT', '/tenants/beta', { budget: { tokens_per_day: 5 }, at_limit: 'wait' });
  expect([put.status, put.json]).toEqual([
    200,
    expect.objectContaining({ id: 'beta', budget: { tokens_per_day: 5 }, at_limit: 'wait' }),
  ]);
  expect((await admin('GET', '/tenants/beta')).json).toEqual(put.json);
  expect((await admin('DELETE', '/tenants/beta')).json).toEqual({ id: 'beta', deleted: true });
  expect((await admin('GET', '/tenants/beta')).status).toBe(404);
  expect((await admin('DELETE', '/tenants/beta')).status).toBe(404);
});

it('PUT makes what is not there', async () => {
  const { admin } = await startForTest();
  expect((await admin('PUT', '/tenants/beta', {})).status).toBe(201);
  expect((await admin('GET', '/tenants/beta')).json).toMatchObject({ id: 'beta', source: 'admin' });
});

it('leaves what the file declares to the file', async () => {
  const { admin } = await startForTest();
  for (const path of ['/tenants/acme', '/models/small', '/providers/sim']) {
    expect((await admin('GET', path)).json['source']).toBe('file');
    for (const method of ['PUT', 'DELETE']) {
      const reply = await admin(method, path, method === 'PUT' ? {} : undefined);
      expect([path, method, reply.status, errorOf(reply).code]).toEqual([path, method, 409, 'conflict']);
      expect(errorOf(reply).message).toContain('Edit the file');
    }
  }
});

it('lists in pages that stay good while entries come and go', async () => {
  const { admin } = await startForTest();
  for (const id of ['d', 'b', 'c', 'a']) await admin('POST', '/tenants', { id });
  const first = await admin('GET', '/tenants?limit=2');
  expect(idsOf(first.json)).toEqual(['a', 'acme']);
  await admin('DELETE', '/tenants/a');
  await admin('DELETE', '/tenants/b');
  const second = await admin('GET', `/tenants?limit=2&cursor=${String(first.json['next_cursor'])}`);
  expect(idsOf(second.json)).toEqual(['c', 'd']);
  expect(second.json['next_cursor']).toBeNull();
  expect((await admin('GET', '/tenants?cursor=***')).status).toBe(400);
});

it('routes to a provider and model at once, with a secret that it never shows', async () => {
  const up = await upstream((_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write(chunk({ role: 'assistant', content: 'hello' }));
    res.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
  });
  const { admin, chatStream, router } = await startForTest({}, { sources: SOURCES });
  const provider = {
    id: 'up',
    type: 'openai',
    base_url: up.base_url,
    api_key: '${UP_KEY}',
    headers: { 'x-a': '${UP_KEY}' },
  };
  const made = await admin('POST', '/providers', provider);
  expect([made.status, made.json['api_key'], made.json['headers']]).toEqual([201, '***', { 'x-a': '***' }]);
  const price = { in_usd_per_mtok: 1, out_usd_per_mtok: 1 };
  const model = { id: 'org/new:1', provider: 'up', upstream_model: 'gpt-x', context: 1_000, price };
  expect((await admin('POST', '/models', model)).status).toBe(201);
  const answer = await chatStream({ model: 'org/new:1' });
  expect((await answer.next()).data).toContain('hello');
  await answer.rest();
  expect(up.seen).toEqual([`POST /v1/chat/completions Bearer ${KEY}`]);

  expect((await admin('GET', '/models/org%2Fnew%3A1')).json).toMatchObject({ id: 'org/new:1', source: 'admin' });
  const config = await admin('GET', '/config');
  expect(config.text).not.toContain(KEY);
  await router.bus.written();
  const journal = readFileSync(
    join(router.manager.config.data_dir, 'journal', firstJournal(router.manager.config.data_dir)),
  );
  expect(journal.includes('${UP_KEY}')).toBe(true);
  expect(journal.includes(KEY)).toBe(false);
});

it('deletes no provider that a model needs', async () => {
  const { admin } = await startForTest();
  await admin('POST', '/providers', { id: 'other', type: 'sim' });
  await admin('POST', '/models', { id: 'mine', provider: 'other', context: 1_000 });
  const refused = await admin('DELETE', '/providers/other');
  expect([refused.status, errorOf(refused).code]).toEqual([409, 'conflict']);
  expect(errorOf(refused).message).toContain('models.mine.provider');
  expect((await admin('DELETE', '/models/mine')).status).toBe(200);
  expect((await admin('DELETE', '/providers/other')).status).toBe(200);
});

it('refuses what may not come in, says where, and changes nothing', async () => {
  const { admin, router } = await startForTest({}, { sources: SOURCES });
  for (const [what, path, body, param] of REFUSED) {
    const reply = await admin('POST', path, body);
    const { code, param: at } = errorOf(reply);
    expect([what, reply.status, code, at]).toEqual([what, 400, 'invalid_request', param]);
    expect(reply.text).not.toContain('sk-');
  }
  expect(router.manager.generation.number).toBe(1);
  expect(router.manager.overlay).toEqual([]);
});

it('refuses a body whose id is not that of the path', async () => {
  const { admin } = await startForTest();
  const reply = await admin('PUT', '/tenants/a', { id: 'b' });
  expect([reply.status, errorOf(reply).param]).toEqual([400, 'id']);
});

it('keeps every one of many changes at the same time', async () => {
  const { admin, router } = await startForTest();
  const ids = Array.from({ length: 30 }, (_, i) => `t${i}`);
  const replies = await Promise.all(ids.map((id) => admin('POST', '/tenants', { id })));
  expect(replies.map((reply) => reply.status)).toEqual(ids.map(() => 201));
  expect(router.manager.config.tenants.map((tenant) => tenant.id)).toEqual(['acme', ...ids]);
  const same = await Promise.all(Array.from({ length: 8 }, () => admin('POST', '/tenants', { id: 'one' })));
  expect(same.map((reply) => reply.status).sort()).toEqual([201, 409, 409, 409, 409, 409, 409, 409]);
});

function idsOf(json: Record<string, unknown>): string[] {
  return (json['data'] as { id: string }[]).map((entry) => entry.id);
}

function firstJournal(data_dir: string): string {
  const [name] = readdirSync(join(data_dir, 'journal')).filter((entry) => entry.includes('000001'));
  if (name === undefined) throw new Error('no journal file');
  return name;
}

it('says of what was discovered without a file that it was, and how to change it', async () => {
  const { admin } = await startForTest({}, { origin: { kind: 'discovered' } });
  expect((await admin('GET', '/models/small')).json['source']).toBe('discovered');
  for (const reply of [
    await admin('DELETE', '/models/small'),
    await admin('PUT', '/providers/sim', { id: 'sim', type: 'sim' }),
  ]) {
    expect(reply.status).toBe(409);
    expect(errorOf(reply).message).toContain(
      'was discovered at the start, because there is no configuration file. Write an atp.yaml',
    );
  }
});
