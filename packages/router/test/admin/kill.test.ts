import { expect, it } from 'vitest';
import { errorOf, startForTest, TENANT_KEY } from './harness.ts';
import { endless, through, upstream } from './upstream.ts';

it.each([
  ['key', 'acme/k1'],
  ['tenant', 'acme'],
  ['model', 'small'],
  ['provider', 'up'],
] as const)('by %s "%s" stops a running stream and refuses new calls until it is lifted', async (scope, id) => {
  const script = endless();
  const up = await upstream(script.answer);
  const { admin, chat, chatStream, events } = await startForTest(through(up.base_url));
  const seen = await events('?types=kill.set,call.ended');
  const running = await chatStream({});
  await running.next((block) => block.data.includes('two'));

  const killed = await admin('POST', '/kill', { scope, id, on: true, reason: 'runaway' });
  expect([killed.status, killed.json]).toEqual([200, { scope, id, on: true, stopped_calls: 1 }]);
  const rest = await running.rest();
  expect(rest.map((block) => block.data).join()).toContain('runaway');
  expect(rest.map((block) => block.data)).not.toContain('[DONE]');
  await script.gone;

  const [first, second] = [JSON.parse((await seen.next()).data), JSON.parse((await seen.next()).data)];
  const ended = first.type === 'call.ended' ? first : second;
  expect(ended).toMatchObject({
    type: 'call.ended',
    outcome: 'error',
    error: 'policy_denied',
    usage: { out_tokens: 2 },
  });
  expect(first.type === 'call.ended' ? second : first).toMatchObject({
    type: 'kill.set',
    on: true,
    by: 'root',
    stopped_calls: 1,
  });
  seen.close();

  const refused = await chat({}, TENANT_KEY);
  expect([403, 503]).toContain(refused.status);
  expect((await admin('GET', '/kill')).json['data']).toEqual([
    { scope, id, reason: 'runaway', by: 'root', since_ms: expect.any(Number) },
  ]);
  expect((await admin('POST', '/kill', { scope, id, on: false, reason: 'mended' })).status).toBe(200);
  expect((await admin('GET', '/kill')).json['data']).toEqual([]);
  const again = await chatStream({});
  expect(again.incoming.statusCode).toBe(200);
  again.close();
});

it('stops only what it names', async () => {
  const script = endless();
  const up = await upstream(script.answer);
  const { admin, chatStream, router } = await startForTest(through(up.base_url));
  await admin('POST', '/tenants', { id: 'beta' });
  const key = String((await admin('POST', '/keys', { tenant: 'beta', id: 'k1' })).json['key']);
  const [mine, other] = [await chatStream({}), await chatStream({}, key)];
  await mine.next();
  await other.next();
  const killed = await admin('POST', '/kill', { scope: 'key', id: 'beta/k1', on: true, reason: 'x' });
  expect(killed.json['stopped_calls']).toBe(1);
  await other.rest();
  expect([...router.engine.calls()].map((run) => run.call.head.tenant)).toEqual(['acme']);
  mine.close();
});

it('does not pretend to stop what it does not know', async () => {
  const { admin } = await startForTest();
  const unknown = [
    ['tenant', 'acm'],
    ['model', 'smal'],
    ['model', 'auto'],
    ['provider', 'nope'],
    ['key', 'acme/k9'],
    ['key', 'k1'],
    ['key', '@admin/root'],
  ] as const;
  for (const [scope, id] of unknown) {
    const reply = await admin('POST', '/kill', { scope, id, on: true, reason: 'x' });
    expect([id, reply.status, errorOf(reply).code]).toEqual([id, 404, 'not_found']);
  }
  expect((await admin('GET', '/kill')).json['data']).toEqual([]);
});

it('refuses half a sentence, and lifts what is not there', async () => {
  const { admin } = await startForTest();
  const refused = [
    [{ scope: 'model', id: 'small', on: true }, 'reason'],
    [{ scope: 'model', id: 'small', reason: 'x' }, 'on'],
    [{ scope: 'agent', id: 'small', on: true, reason: 'x' }, 'scope'],
  ] as const;
  for (const [body, param] of refused) {
    const reply = await admin('POST', '/kill', body);
    expect([reply.status, errorOf(reply).param]).toEqual([400, param]);
  }
  const reply = await admin('POST', '/kill', { scope: 'model', id: 'gone', on: false });
  expect([reply.status, reply.json]).toEqual([200, { scope: 'model', id: 'gone', on: false, stopped_calls: 0 }]);
});
