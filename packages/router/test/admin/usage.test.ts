import { expect, it } from 'vitest';
import { errorOf, type Running, startForTest } from './harness.ts';

const DAY = /^\d{4}-\d\d-\d\d$/;

/** Two tenants, two models, one call that fails. */
async function used(): Promise<Running> {
  const price = { in_usd_per_mtok: 1, out_usd_per_mtok: 2 };
  const running = await startForTest({
    models: [
      { id: 'small', provider: 'sim', context: 128_000, price },
      { id: 'org/big', provider: 'sim', context: 128_000, price },
      { id: 'broken', provider: 'cuts', context: 128_000, price },
    ],
    providers: [
      { id: 'sim', type: 'sim', sim: { latency_ms: { p50: 1, p95: 2 }, chunk_ms: 0 } },
      {
        ...{ id: 'cuts', type: 'sim', retry: { max_attempts: 1 } },
        sim: { latency_ms: { p50: 1, p95: 2 }, chunk_ms: 0, error_rate: 1 },
      },
    ],
  });
  await running.admin('POST', '/tenants', { id: 'beta' });
  const key = String((await running.admin('POST', '/keys', { tenant: 'beta', id: 'k1' })).json['key']);
  for (const [model, with_key] of [['small'], ['small'], ['org/big'], ['small', key], ['broken']] as const) {
    await running.chat({ model }, with_key);
  }
  return running;
}

it('sums by tenant, model and day', async () => {
  const { admin } = await used();
  const all = await admin('GET', '/usage');
  expect(all.json['group_by']).toEqual(['tenant', 'model', 'day']);
  const rows = all.json['data'] as Record<string, unknown>[];
  expect(rows.map(({ tenant, model, calls, errors }) => [tenant, model, calls, errors])).toEqual([
    ['acme', 'broken', 1, 1],
    ['acme', 'org/big', 1, 0],
    ['acme', 'small', 2, 0],
    ['beta', 'small', 1, 0],
  ]);
  for (const row of rows) {
    expect(row['day']).toMatch(DAY);
    const { in_tokens, out_tokens, cost_usd_micros } = row as Record<string, number>;
    expect(cost_usd_micros).toBe((in_tokens ?? 0) + 2 * (out_tokens ?? 0));
  }
  const by_tenant = await admin('GET', '/usage?group_by=tenant&model=small');
  expect(by_tenant.json['data']).toMatchObject([
    { tenant: 'acme', calls: 2 },
    { tenant: 'beta', calls: 1 },
  ]);
  expect((by_tenant.json['data'] as object[])[0]).not.toHaveProperty('day');
  const today = String(rows[0]?.['day']);
  expect((await admin('GET', `/usage?from=${today}&to=${today}&tenant=beta`)).json['data']).toHaveLength(1);
  expect((await admin('GET', '/usage?to=2020-01-01')).json['data']).toEqual([]);
});

it('gives the sums as CSV', async () => {
  const { admin } = await used();
  const plain = await admin('GET', '/usage?group_by=model,tenant&format=csv');
  expect(plain.headers['content-type']).toBe('text/csv; charset=utf-8; header=present');
  expect(plain.headers['content-disposition']).toBe('attachment; filename="usage.csv"');
  const lines = plain.text.trimEnd().split('\r\n');
  expect(lines[0]).toBe(
    'tenant,model,calls,errors,attempts,in_tokens,out_tokens,cached_in_tokens,cache_write_tokens,reasoning_tokens,cost_usd_micros,energy_joules,co2e_mg,calls_without_energy,calls_without_co2e',
  );
  expect(lines.slice(1).map((line) => line.split(',').slice(0, 4).join())).toEqual([
    'acme,broken,1,1',
    'acme,org/big,1,0',
    'acme,small,2,0',
    'beta,small,1,0',
  ]);
  const headers = { authorization: 'Bearer admin-key-of-the-tests', accept: 'text/csv' };
  const accepted = await admin('GET', '/usage?group_by=model,tenant', undefined, headers);
  expect(accepted.text).toBe(plain.text);
});

it('lists records in pages, the newest first, and shows one call', async () => {
  const { admin } = await used();
  const first = await admin('GET', '/usage/records?limit=3');
  const second = await admin('GET', `/usage/records?limit=3&cursor=${String(first.json['next_cursor'])}`);
  const rows = [
    ...(first.json['data'] as Record<string, unknown>[]),
    ...(second.json['data'] as Record<string, unknown>[]),
  ];
  expect(rows.map((row) => [row['tenant'], row['model'], row['outcome']])).toEqual([
    ['acme', 'broken', 'error'],
    ['beta', 'small', 'ok'],
    ['acme', 'org/big', 'ok'],
    ['acme', 'small', 'ok'],
    ['acme', 'small', 'ok'],
  ]);
  expect(second.json['next_cursor']).toBeNull();
  const failed = (await admin('GET', '/usage/records?outcome=error&key_id=k1&tenant=acme')).json['data'] as object[];
  expect(failed).toEqual([rows[0]]);

  const one = await admin('GET', `/calls/${String(rows[1]?.['call_id'])}`);
  expect(one.json).toEqual({
    state: 'ended',
    call: rows[1],
    attempts: [expect.objectContaining({ n: 1, outcome: 'ok' })],
  });
  expect((await admin('GET', '/calls/call_nope')).status).toBe(404);
});

it('refuses days that are none, words that it does not know, and cursors that it did not give', async () => {
  const { admin } = await startForTest();
  const ranges = ['from=yesterday', 'from=2026-02-30', 'from=2026-02-02&to=2026-02-01'];
  for (const query of [...ranges, 'group_by=key', 'format=xml']) {
    const refused = await admin('GET', `/usage?${query}`);
    expect([query, refused.status, errorOf(refused).code]).toEqual([query, 400, 'invalid_request']);
  }
  const reply = await admin('GET', '/usage/records?cursor=nonsense');
  expect([reply.status, errorOf(reply).code]).toEqual([400, 'invalid_request']);
  expect(errorOf(reply)).toMatchObject({
    param: 'cursor',
    message: '"cursor" must be the next_cursor of an earlier answer, unchanged.',
  });
});
