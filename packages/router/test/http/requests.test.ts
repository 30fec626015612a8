import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { errorOf, hashOf, startForTest, TENANT_KEY } from '../admin/harness.ts';
import { call } from '../admin/http.ts';
import { asked } from './support.ts';

const AUTH = { authorization: `Bearer ${TENANT_KEY}` };

test('a body that is not UTF-8 is refused, as it would be another prompt', async () => {
  const { url } = await startForTest();
  const [before = '', after = ''] = JSON.stringify({
    model: 'small',
    messages: [{ role: 'user', content: 'a|b' }],
  }).split('|');
  for (const [middle, status] of [
    [Buffer.from([0xff, 0xfe, 0xc3]), 400],
    [Buffer.from('é€😀'), 200],
  ] as const) {
    const body = Buffer.concat([Buffer.from(before), middle, Buffer.from(after)]);
    const reply = await call(`${url}/v1/chat/completions`, { method: 'POST', headers: AUTH, body });
    expect(reply.status).toBe(status);
    if (status === 400) expect(errorOf(reply)).toMatchObject({ code: 'invalid_request', param: 'body' });
  }
});

test('what is no request at all has an id of the router too', async () => {
  const { router } = await startForTest();
  const socket = connect(router.server.address.port, '127.0.0.1');
  socket.end('hello router\r\n\r\n');
  expect(await text(socket)).toMatch(/\r\nx-atp-request-id: (call_\w+)\r\n[\s\S]*"request_id":"\1"/);
});

test.each([
  ['x-atp-max-usd', '0.1234567891', 'up to 9 places'],
  ['x-atp-max-usd', '-1', '0 or more'],
  ['x-atp-deadline-ms', '-1', 'an integer from 1 to'],
  ['x-atp-deadline-ms', '1.5', 'an integer from 1 to'],
  ['x-atp-deadline-ms', '0', 'an integer from 1 to'],
])('%s: %s is refused with what it may be', async (name, value, says) => {
  const running = await startForTest();
  const reply = await asked(running, { [name]: value });
  expect(errorOf(reply)).toMatchObject({ code: 'invalid_request', param: name });
  expect(errorOf(reply).message).toContain(says);
});

test('a model by its id, as the clients of OpenAI and Anthropic read it', async () => {
  const models = [{ id: 'org/small', provider: 'sim', context: 128_000 }];
  const { url } = await startForTest({ models });
  const one = await call(`${url}/v1/models/org%2Fsmall`, { headers: AUTH });
  expect(one.status).toBe(200);
  expect(one.json).toMatchObject({ id: 'org/small', object: 'model', type: 'model', display_name: 'org/small' });
  const list = await call(`${url}/v1/models`, { headers: AUTH });
  expect(list.json['data']).toContainEqual(one.json);
  const none = await call(`${url}/v1/models/other`, { headers: AUTH });
  expect([none.status, errorOf(none).code]).toEqual([404, 'model_not_found']);
  expect((await call(`${url}/v1/models/org%2Fsmall`)).status).toBe(401);
});

test('a model that the tenant may not name is not there', async () => {
  const { url } = await startForTest({
    tenants: [{ id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }], models: ['auto'] }],
  });
  const reply = await call(`${url}/v1/models/small`, { headers: AUTH });
  expect([reply.status, errorOf(reply).code]).toEqual([404, 'model_not_found']);
});

test.each([
  ['temperature', 'hot'],
  ['temperature', 3],
  ['top_p', -1],
])('a simulated model refuses %s: %s as a real one does', async (name, value) => {
  const { chat } = await startForTest();
  const reply = await chat({ [name]: value });
  expect([reply.status, errorOf(reply).code]).toEqual([400, 'upstream_rejected']);
  expect(errorOf(reply).message).toContain(`"${name}" must be a number`);
});

test.each([
  ['x-atp-maxusd', '0'],
  ['X-ATP-Budget', '1'],
])('a header %s that there is not is refused, with those that there are', async (name, value) => {
  const running = await startForTest();
  const reply = await asked(running, { [name]: value });
  expect(errorOf(reply)).toMatchObject({ code: 'invalid_request', param: name.toLowerCase() });
  expect(errorOf(reply).message).toContain('x-atp-max-usd');
  // What an answer said may come back, as from a client of a client.
  expect((await asked(running, { 'x-atp-request-id': 'call_1', 'x-atp-model': 'small' })).status).toBe(200);
});

test('another method is refused in the shape of the path, with the methods that there are', async () => {
  const { url } = await startForTest();
  const messages = await call(`${url}/v1/messages`, { headers: AUTH });
  expect([messages.status, messages.headers['allow'], messages.json['type']]).toEqual([405, 'POST', 'error']);
  const models = await call(`${url}/v1/models`, { method: 'POST', headers: AUTH });
  expect([models.status, models.headers['allow']]).toEqual([405, 'GET, HEAD']);
});

test('a body of very many values is refused before it is read', async () => {
  const { url } = await startForTest({ limits: { json_values: 1_000 } });
  const values = JSON.stringify({
    model: 'small',
    messages: [{ role: 'user', content: 'hi' }],
    x: Array(2_000).fill(1),
  });
  const reply = await call(`${url}/v1/chat/completions`, { method: 'POST', headers: AUTH, body: values });
  expect([reply.status, errorOf(reply).message]).toEqual([
    400,
    'The request body has more than 1000 elements and fields.',
  ]);
});

test('settings are no prompt: neither the context nor the bill counts them', async () => {
  const running = await startForTest({
    models: [{ id: 'small', provider: 'sim', context: 1_000, price: { in_usd_per_mtok: 1, out_usd_per_mtok: 0 } }],
  });
  const bias = Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [String(i), -1]));
  const plain = await running.chat({});
  const biased = await running.chat({ logit_bias: bias, metadata: { note: 'x'.repeat(400) } });
  expect([plain.status, biased.status]).toEqual([200, 200]);
  const cost = (reply: typeof plain): unknown => reply.headers['x-atp-cost-usd-micros'];
  expect(cost(biased)).toBe(cost(plain));
});
