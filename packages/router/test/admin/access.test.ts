import { expect, it } from 'vitest';
import { ADMIN_KEY, errorOf, startForTest, TENANT_KEY } from './harness.ts';
import { call } from './http.ts';

it('lets nobody in without an admin key, on any path', async () => {
  const { router, url } = await startForTest();
  const routes = router.table.list().filter((route) => route.includes('/admin/v1'));
  expect(routes.length).toBeGreaterThan(30);
  for (const route of routes) {
    const [method = '', pattern = ''] = route.split(' ');
    const path = url + pattern.replaceAll(/:\w+/g, 'x');
    const none = await call(path, { method });
    expect([route, none.status, errorOf(none).code]).toEqual([route, 401, 'unauthorized']);
    const wrong = await call(path, { method, headers: { authorization: 'Bearer nobody' } });
    expect([route, wrong.status]).toEqual([route, 401]);
    const tenant = await call(path, { method, headers: { authorization: `Bearer ${TENANT_KEY}` } });
    expect([route, tenant.status, errorOf(tenant).code]).toEqual([route, 403, 'policy_denied']);
  }
});

it('keeps admin keys away from model calls', async () => {
  const { chat } = await startForTest();
  const reply = await chat({}, ADMIN_KEY);
  expect([reply.status, errorOf(reply).code]).toEqual([403, 'policy_denied']);
});

it('answers wrong methods and unknown paths', async () => {
  const { admin } = await startForTest();
  const method = await admin('PATCH', '/tenants/acme');
  expect([method.status, errorOf(method).code]).toEqual([405, 'method_not_allowed']);
  expect(method.headers.allow).toBe('GET, PUT, DELETE, HEAD');
  const path = await admin('GET', '/tenant');
  expect([path.status, errorOf(path).code]).toEqual([404, 'not_found']);
});

it('answers HEAD as GET without the body, also where the path has an id', async () => {
  const { admin, url } = await startForTest();
  const headers = { authorization: `Bearer ${ADMIN_KEY}` };
  for (const path of ['/tenants', '/tenants/acme']) {
    const got = await admin('GET', path);
    const head = await call(`${url}/admin/v1${path}`, { method: 'HEAD', headers });
    expect([path, head.status, head.text]).toEqual([path, 200, '']);
    expect(head.headers['content-length']).toBe(got.headers['content-length']);
  }
  expect((await call(`${url}/admin/v1/tenants/nobody`, { method: 'HEAD', headers })).status).toBe(404);
});

it('refuses bodies that are too large, not JSON, or absent', async () => {
  const { admin, url } = await startForTest();
  const headers = { authorization: `Bearer ${ADMIN_KEY}` };
  const large = await admin('POST', '/tenants', { id: 'big', models: ['x'.repeat(1_100_000)] });
  expect([large.status, errorOf(large).code]).toEqual([413, 'prompt_too_large']);
  const text = await call(`${url}/admin/v1/tenants`, { method: 'POST', headers, body: '{"id": "secret-text' });
  expect([text.status, errorOf(text).code]).toEqual([400, 'invalid_request']);
  expect(text.text).not.toContain('secret-text');
  const absent = await admin('POST', '/tenants');
  expect([absent.status, errorOf(absent).param]).toEqual([400, 'body']);
  const list = await call(`${url}/admin/v1/tenants`, { method: 'POST', headers, body: '[1]' });
  expect(list.status).toBe(400);
});

it('refuses what it does not know in queries and bodies', async () => {
  const { admin } = await startForTest();
  for (const path of [
    '/status?all=1',
    '/keys?tennant=acme',
    '/usage?tenant=a&tenant=b',
    '/tenants?limit=0',
    '/tenants?limit=x',
  ]) {
    const reply = await admin('GET', path);
    expect([path, reply.status, errorOf(reply).code]).toEqual([path, 400, 'invalid_request']);
  }
  const field = await admin('POST', '/kill', { scope: 'model', id: 'small', on: true, why: 'x' });
  expect([field.status, errorOf(field).param]).toEqual([400, 'why']);
});
