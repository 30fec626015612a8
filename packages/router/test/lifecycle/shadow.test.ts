import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { hashOf, TENANT_KEY } from '../admin/harness.ts';
import { call } from '../admin/http.ts';
import { onStage } from './shadows.ts';

const TENANT = { id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }] };

it.each(['auto', 'champ'])('asks a shadow what a client asked by %s, when the client has its answer', async (name) => {
  const stage = await onStage({ champ: 'The answer is B.', rook: 'I am sure: the answer is (B)' });
  const { running } = stage;
  expect((await running.chat({ model: name, messages: [{ role: 'user', content: 'A or B?' }] })).status).toBe(200);
  await stage.seen('shadow.compared', 1);
  expect(stage.asked.map(({ model }) => model)).toEqual(['champ', 'rook']);
  expect(stage.asked[1]?.body['messages']).toEqual([{ role: 'user', content: 'A or B?' }]);
  expect(stage.compared()).toMatchObject([
    {
      ...{ champion: 'champ', challenger: 'rook', since_ms: 0, is_whole: true, is_readable: true },
      ...{ champion_is_readable: true, agreement: 1, agrees: true, is_priced: true },
      ...{ cost_usd_nanos: 20_000, champion_cost_usd_nanos: 200_000 },
    },
  ]);
});

it('its call is an ordinary one of the operator, and costs the tenant nothing', async () => {
  const stage = await onStage({ champ: 'yes', rook: 'no' });
  const { running } = stage;
  const stream = await running.chatStream({ model: 'auto' });
  const told: string[] = [];
  await stream.next((block) => {
    told.push(JSON.stringify(block));
    return JSON.stringify(block).includes('[DONE]');
  });
  expect(told.join('')).toContain('challenger');
  await stage.seen('shadow.compared', 1);
  const ended = stage.events.flatMap((one) => (one.type === 'call.ended' ? [one] : []));
  expect(ended.map(({ tenant, endpoint, qos }) => [tenant, endpoint, qos])).toEqual([
    ['acme', 'chat.completions', 'silver'],
    ['@shadow', 'shadow', 'bronze'],
  ]);
  const { tenants } = (await running.admin('GET', '/live')).json as unknown as {
    tenants: { tenant: string; used: { calls: number; usd_micros: number } }[];
  };
  expect(tenants.map(({ tenant, used }) => [tenant, used.calls, used.usd_micros])).toEqual([
    ['acme', 1, 200],
    ['@shadow', 1, 20],
  ]);
});

it.each([
  ['data scope', {}, {}, { 'x-atp-data-scope': 'phi' }],
  ['gold', {}, { qos_max: 'gold' }, { 'x-atp-qos': 'gold' }],
  ['names', {}, { models: ['champ'] }, {}],
  ['switched off', { shadow: { sample: 0 } }, {}, {}],
  ['money', { shadow: { sample: 1, usd_per_day: 0 } }, {}, {}],
] as const)('asks no shadow for what it may not see, or is not paid for: %s', async (_why, more, tenant, headers) => {
  const model = { provider: 'up', context: 128_000, safety_grade: 'A' };
  const price = { in_usd_per_mtok: 1, out_usd_per_mtok: 2 };
  const models = [
    { id: 'champ', ...model, price, data_scopes: ['phi', 'web'] },
    { id: 'rook', ...model, price, status: 'shadow', data_scopes: ['web'] },
  ];
  const stage = await onStage(
    { champ: 'yes', rook: 'yes' },
    { ...more, tenants: [{ ...TENANT, data_scopes: ['phi', 'web'], ...tenant }], models },
  );
  const { running } = stage;
  const chat = (own: Readonly<Record<string, string>>) =>
    call(`${running.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TENANT_KEY}`, 'x-atp-data-scope': 'web', ...own },
      body: JSON.stringify({ model: 'champ', messages: [{ role: 'user', content: 'hello' }] }),
    });
  expect((await chat(headers)).status).toBe(200);
  await running.stop();
  expect(stage.asked.map(({ model: id }) => id)).toEqual(['champ']);
  expect(stage.compared()).toEqual([]);
});

it('tells what cannot be read, what differs and what fails, and keeps no word of it', async () => {
  const stage = await onStage({ champ: '{"city":"Zanzibar"}', rook: 'It is Zanzibar' });
  const { running } = stage;
  const once = async (says: typeof stage.says, count: number): Promise<void> => {
    stage.says = says;
    await running.chat({ model: 'auto', messages: [{ role: 'user', content: 'Kilimanjaro' }] });
    await stage.seen('shadow.compared', count);
  };
  await once(stage.says, 1);
  await once({ champ: '42', rook: '43' }, 2);
  await once({ champ: 'Zanzibar is an island', rook: 500 }, 3);
  expect(
    stage.compared().map(({ is_whole, is_readable, agreement, agrees }) => [is_whole, is_readable, agreement, agrees]),
  ).toEqual([
    [true, false, 0, false],
    [true, true, 0, false],
    [false, false, 0, false],
  ]);
  const { text: metrics } = await call(`${running.url}/metrics`, {});
  expect(metrics).toContain('atp_shadow_compared_total{result="unreadable",model="rook"} 1');
  expect(metrics).toContain('atp_shadow_compared_total{result="failed",model="rook"} 1');
  expect(metrics).toContain('atp_shadow_quality_gap_count{model="rook"} 2');
  const { data_dir } = running.router.manager.config;
  await running.stop();
  for (const file of readdirSync(data_dir, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const bytes = readFileSync(join(file.parentPath, file.name), 'latin1');
    expect([file.name, bytes.includes('Zanzibar'), bytes.includes('Kilimanjaro')]).toEqual([file.name, false, false]);
  }
});

it('moves by itself where the operator has it so', async () => {
  const rules = { min_samples: 1, rest_ms: 0, latency_ratio: 1000 };
  const stage = await onStage({ champ: 'C', rook: 'C' }, { registry: { promote: 'automatic', review_ms: 100, rules } });
  await stage.running.chat({ model: 'auto' });
  await stage.seen('model.moved', 1);
  const moved = stage.events.flatMap((one) => (one.type === 'model.moved' ? [one] : []));
  expect(moved).toMatchObject([{ model: 'rook', from: 'shadow', to: 'active', cause: 'evidence', by: 'rule' }]);
});

it('moves a shadow by its evidence alone, and says what is lacking until then', async () => {
  const registry = { rules: { min_samples: 3, rest_ms: 0, latency_ratio: 1000 } };
  const stage = await onStage({ champ: 'C', rook: 'C' }, { registry });
  const { running } = stage;
  const review = async () => (await running.admin('POST', '/lifecycle-review')).json['data'];
  const view = async () => (await running.admin('GET', '/lifecycle/rook')).json as Record<string, never>;
  for (let i = 1; i <= 3; i += 1) {
    if (i === 3) {
      expect(await review()).toEqual([]);
      expect((await view())['verdict']).toMatchObject({ kind: 'hold', why: ['2 of 3 samples'] });
    }
    await running.chat({ model: 'auto' });
    await stage.seen('shadow.compared', i);
  }
  expect(await view()).toMatchObject({
    ...{ status: 'shadow', evidence: { samples: 3, parity: 1, cost_ratio: 0.1 } },
    experiments: [{ champion: 'champ', challenger: 'rook', samples: 3, cost: { wins: 3, losses: 0 } }],
    verdict: { kind: 'promote', to: 'active' },
  });
  expect(await review()).toMatchObject([{ id: 'rook', verdict: { kind: 'promote' } }]);
  expect(await view()).toMatchObject({
    ...{ status: 'active', cause: 'evidence', by: 'rule' },
    moves: [{ from: 'shadow', to: 'active', numbers: { samples: 3, parity: 1 } }],
  });
  expect(await review()).toEqual([]);
  await running.admin('POST', '/lifecycle/rook/incident', { note: 'it told how' });
  expect(await review()).toMatchObject([{ id: 'rook', verdict: { cause: 'safety_incident' } }]);
  expect((await view())['status']).toBe('fallback');
});
