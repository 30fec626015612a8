import { describe, expect, test } from 'vitest';
import { errorOf, hashOf, startForTest, TENANT_KEY } from '../admin/harness.ts';
import { call, type Reply } from '../admin/http.ts';

const KEYS = [{ id: 'k1', hash: hashOf(TENANT_KEY) }];
const model = (id: string, more: object = {}): object => ({
  ...{
    id,
    provider: 'sim',
    context: 128_000,
    max_output_tokens: 4_000,
    price: { in_usd_per_mtok: 1, out_usd_per_mtok: 1 },
  },
  ...more,
});

function ask(url: string, key: string, name: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
  return call(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, ...headers },
    body: JSON.stringify({ model: name, messages: [{ role: 'user', content: 'hi' }], max_tokens: 1_000 }),
  });
}

describe('data scopes', () => {
  test('the tenant of a first start may say what its data is', async () => {
    const { router, url } = await startForTest({ tenants: [] }, { bootstrap: true });
    const key = router.made.key?.secret ?? '';
    const answer = await ask(url, key, 'small', { 'x-atp-data-scope': 'public' });
    expect(answer.status).toBe(200);
  });

  test('a scope that the tenant does not have is refused by the name of the header, with those that it has', async () => {
    const { url } = await startForTest({ tenants: [{ id: 'acme', keys: KEYS, data_scopes: ['public'] }] });
    const refused = await ask(url, TENANT_KEY, 'small', { 'x-atp-data-scope': 'public,secret' });
    expect(refused.status).toBe(403);
    expect(errorOf(refused)).toMatchObject({ code: 'policy_denied', param: 'x-atp-data-scope' });
    expect(errorOf(refused).message).toContain('its data_scopes: public');
  });

  test.each([
    [undefined, 'small', 403],
    [undefined, 'open', 200],
    [[], 'small', 403],
    [['public'], 'small', 200],
    [['public', 'secret'], 'small', 403],
  ])('a call that names none may carry all of its tenant: %o at %s', async (data_scopes, name, status) => {
    const { url } = await startForTest({
      models: [model('small', { data_scopes: ['public'] }), model('open')],
      tenants: [{ id: 'acme', keys: KEYS, ...(data_scopes === undefined ? {} : { data_scopes }) }],
    });
    expect((await ask(url, TENANT_KEY, name)).status).toBe(status);
    if (data_scopes?.length === 0) return;
    expect((await ask(url, TENANT_KEY, name, { 'x-atp-data-scope': 'public' })).status).toBe(200);
  });
});

test.each([
  [{}, 200],
  [{ window: { max_parallel: 3 } }, 200],
  [{ window: { max_usd_micros: 1_000_000 } }, 429],
  [{ budget: { usd_per_day: 5 } }, 429],
])('a model without a price is refused where money is limited: %o', async (limits, status) => {
  const { url } = await startForTest({
    models: [model('free', { price: undefined })],
    tenants: [{ id: 'acme', keys: KEYS, ...limits }],
  });
  const answer = await ask(url, TENANT_KEY, 'free');
  expect([answer.status, answer.text]).toEqual([status, expect.any(String)]);
});

describe('at_limit: degrade', () => {
  // The day allows a thousand tokens of the cheap model, and none of the other.
  const start = (models: readonly string[] | undefined): ReturnType<typeof startForTest> =>
    startForTest({
      models: [
        model('big', { price: { in_usd_per_mtok: 800, out_usd_per_mtok: 800 } }),
        model('cheap'),
        model('cheaper', { price: { in_usd_per_mtok: 0.1, out_usd_per_mtok: 0.1 } }),
      ],
      agents: [{ id: 'helper', model: 'cheap' }],
      policies: [{ id: 'chain', fallback: ['big', 'cheap'] }],
      tenants: [
        {
          ...{ id: 'acme', keys: KEYS, at_limit: 'degrade', budget: { usd_per_day: 0.01 } },
          ...(models === undefined ? {} : { models }),
        },
      ],
    });

  test.each([
    [undefined, 'cheaper'],
    [['big', 'auto'], 'cheaper'],
    [['big', 'cheap'], 'cheap'],
    [['big', 'helper'], 'cheap'],
    [['big', 'policy:chain'], 'cheap'],
  ])('stands in what the tenant may name: %o', async (models, stand_in) => {
    const answer = await ask((await start(models)).url, TENANT_KEY, 'big');
    expect([answer.status, answer.headers['x-atp-model']]).toEqual([200, stand_in]);
  });

  test('and nothing else', async () => {
    const answer = await ask((await start(['big'])).url, TENANT_KEY, 'big');
    expect([answer.status, errorOf(answer).code]).toEqual([429, 'budget_exhausted']);
  });
});
