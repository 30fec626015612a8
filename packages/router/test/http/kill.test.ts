import { expect, it } from 'vitest';
import { errorOf, hashOf, startForTest, TENANT_KEY } from '../admin/harness.ts';
import { through, upstream } from '../admin/upstream.ts';
import { asked, held } from './support.ts';

const OTHER_KEY = 'other-key-of-the-tests';
const TENANTS = [
  {
    id: 'acme',
    keys: [
      { id: 'k1', hash: hashOf(TENANT_KEY) },
      { id: 'k2', hash: hashOf(OTHER_KEY) },
    ],
  },
];
const KEY = { 'idempotency-key': 'k' };

it.each([
  ['key', 'acme/k2'],
  ['tenant', 'acme'],
] as const)('a %s that is switched off gets no earlier outcome either', async (scope, id) => {
  const running = await startForTest({ tenants: TENANTS });
  expect((await asked(running, KEY)).status).toBe(200);
  expect((await asked(running, KEY, OTHER_KEY)).headers['x-atp-idempotent-replay']).toBe('true');
  await running.admin('POST', '/kill', { scope, id, on: true, reason: 'runaway' });
  const refused = await asked(running, KEY, OTHER_KEY);
  expect([refused.status, errorOf(refused).code]).toEqual([403, 'policy_denied']);
  await running.admin('POST', '/kill', { scope, id, on: false, reason: 'mended' });
  expect((await asked(running, KEY, OTHER_KEY)).headers['x-atp-idempotent-replay']).toBe('true');
});

it('a key that is switched off while its repeat waits gets nothing', async () => {
  const first = held();
  const { base_url } = await upstream(first.answer);
  const running = await startForTest({ ...through(base_url), tenants: TENANTS });
  const pending = asked(running, KEY);
  const answer = await first.next();
  const repeat = asked(running, KEY, OTHER_KEY);
  // Another call that gets to the upstream: the repeat was read before it.
  const behind = asked(running, {});
  const other = await first.next();
  await running.admin('POST', '/kill', { scope: 'key', id: 'acme/k2', on: true, reason: 'runaway' });
  answer(200);
  other(200);
  expect([(await pending).status, (await behind).status]).toEqual([200, 200]);
  expect([(await repeat).status, errorOf(await repeat).code]).toEqual([403, 'policy_denied']);
});
