import { expect, it } from 'vitest';
import { ADMIN_KEY, errorOf, hashOf, startForTest, TENANT_KEY } from './harness.ts';

it('makes a key that works at once and is shown once', async () => {
  const { admin, chat } = await startForTest();
  const made = await admin('POST', '/keys', { tenant: 'acme', id: 'k2' });
  expect([made.status, made.json]).toEqual([
    201,
    {
      id: 'k2',
      tenant: 'acme',
      key: expect.stringMatching(/^atp_[a-z2-7]{32}$/),
      hash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      display: expect.stringMatching(/^atp_[a-z2-7]{4}$/),
    },
  ]);
  const key = String(made.json['key']);
  expect(hashOf(key)).toBe(made.json['hash']);
  expect((await chat({}, key)).status).toBe(200);
  const list = await admin('GET', '/keys?tenant=acme');
  expect(list.json['data']).toEqual([
    { id: 'k1', tenant: 'acme', state: 'active', display: null, source: 'file' },
    { id: 'k2', tenant: 'acme', state: 'active', display: key.slice(0, 8), source: 'admin' },
  ]);
  expect(list.text).not.toContain(key);
});

it('disables, enables and revokes', async () => {
  const { admin, chat } = await startForTest();
  const key = String((await admin('POST', '/keys', { tenant: 'acme', id: 'k2' })).json['key']);
  expect((await admin('POST', '/keys/acme/k2/disable')).json).toMatchObject({ id: 'k2', state: 'disabled' });
  const disabled = await chat({}, key);
  expect([disabled.status, errorOf(disabled).message]).toEqual([401, expect.stringContaining('is disabled')]);
  expect((await admin('POST', '/keys/acme/k2/enable')).json).toMatchObject({ state: 'active' });
  expect((await chat({}, key)).status).toBe(200);
  expect((await admin('DELETE', '/keys/acme/k2')).json).toMatchObject({ state: 'revoked' });
  const revoked = await chat({}, key);
  expect([revoked.status, errorOf(revoked).message]).toEqual([401, expect.stringContaining('was revoked')]);
  const back = await admin('POST', '/keys/acme/k2/enable');
  expect([back.status, errorOf(back).code]).toEqual([409, 'conflict']);
  expect((await admin('DELETE', '/keys/acme/k2')).status).toBe(200);
  const reused = await admin('POST', '/keys', { tenant: 'acme', id: 'k2' });
  expect([reused.status, errorOf(reused).code]).toEqual([409, 'conflict']);
});

it('leaves keys of the file to the file', async () => {
  const { admin, chat } = await startForTest();
  const reply = await admin('DELETE', '/keys/acme/k1');
  expect([reply.status, errorOf(reply).code]).toEqual([409, 'conflict']);
  expect((await chat({}, TENANT_KEY)).status).toBe(200);
  expect((await admin('DELETE', '/keys/acme/nope')).status).toBe(404);
});

it('makes admin keys, and never takes the last one away', async () => {
  const { admin, router } = await startForTest({ admin: { keys: [] } }, {});
  // Without a key in the file nobody can ask over HTTP: the first one is made in the process.
  const root = { tenant: '@admin', id: 'root', hash: hashOf(ADMIN_KEY), state: 'active', display: 'atp_root' };
  await router.manager.change([{ op: 'put', entity: { kind: 'key', id: '@admin/root', value: root } }], () =>
    Promise.resolve(),
  );
  const last = await admin('DELETE', '/keys/@admin/root');
  expect([last.status, errorOf(last).code]).toEqual([409, 'conflict']);
  expect((await admin('POST', '/keys/@admin/root/disable')).status).toBe(409);
  const made = await admin('POST', '/keys', { admin: true, id: 'second' });
  expect([made.status, made.json['tenant']]).toEqual([201, '@admin']);
  const second = { authorization: `Bearer ${String(made.json['key'])}` };
  expect((await admin('GET', '/status', undefined, second)).status).toBe(200);
  expect((await admin('DELETE', '/keys/@admin/root', undefined, second)).status).toBe(200);
  expect((await admin('GET', '/status')).status).toBe(401);
});

it('refuses a request that does not say for whom, or not by a name', async () => {
  const { admin } = await startForTest();
  const refused = [
    [{}, 'tenant'],
    [{ tenant: 'acme', admin: true }, 'admin'],
    [{ tenant: 'acme', id: 'a/b' }, 'id'],
    [{ tenant: 'acme', id: '' }, 'id'],
  ] as const;
  for (const [body, param] of refused) {
    const reply = await admin('POST', '/keys', body);
    expect([body, reply.status, errorOf(reply).param]).toEqual([body, 400, param]);
  }
  expect((await admin('POST', '/keys', { tenant: 'nobody' })).status).toBe(404);
});

it('a deleted tenant takes its keys along', async () => {
  const { admin, chat, router } = await startForTest();
  await admin('POST', '/tenants', { id: 'beta' });
  const key = String((await admin('POST', '/keys', { tenant: 'beta', id: 'k1' })).json['key']);
  expect((await chat({}, key)).status).toBe(200);
  await admin('DELETE', '/tenants/beta');
  expect((await chat({}, key)).status).toBe(401);
  await admin('POST', '/tenants', { id: 'beta' });
  expect((await chat({}, key)).status).toBe(401);
  expect(router.manager.overlay.map((entity) => entity.kind)).toEqual(['tenant']);
});

it('remembers a bounded number of revoked keys', async () => {
  const { admin, router } = await startForTest();
  for (let i = 0; i < 103; i += 1) {
    await admin('POST', '/keys', { tenant: 'acme', id: `r${i}` });
    await admin('DELETE', `/keys/acme/r${i}`);
  }
  expect(router.manager.overlay.length).toBe(100);
  expect((await admin('DELETE', '/keys/acme/r2')).status).toBe(404);
  expect((await admin('DELETE', '/keys/acme/r3')).status).toBe(200);
});
