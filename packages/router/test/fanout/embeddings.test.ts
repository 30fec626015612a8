import { request } from 'node:http';
import { tinyModel } from '@atp-router/adapters/testing';
import { describe, expect, test } from 'vitest';
import { dataDir, hashOf, TENANT_KEY } from '../admin/harness.ts';
import { call } from '../admin/http.ts';
import { until } from '../shared/support/time.ts';
import { balanced } from './books.ts';
import { consensusOf, idOf, type Panel, panel } from './scripted.ts';

const CAT = 'The cat sat on the mat today';
const FELINE = 'A feline rested upon a rug';
const DOG = 'The cat sat on the mat today, barking';
/** In other words the same, and in the same words something else. */
const MEANINGS: Readonly<Record<string, readonly number[]>> = { [CAT]: [1, 0], [FELINE]: [1, 0.1], [DOG]: [0, 1] };
const meaningOf = (text: string): readonly number[] => MEANINGS[text] ?? [0.5, 0.5];
const ANSWERS = { a: FELINE, b: CAT, c: DOG };

const POLICY = {
  id: 'panel',
  fanout: { mode: 'diverse', agents: ['a', 'b', 'c'] },
  consensus: { strategy: 'weighted_merge', answer: 'text', weights: 'equal' },
};
const PRICE = { in_usd_per_mtok: 1, out_usd_per_mtok: 2 };
const CHAT = ['a', 'b', 'c'].map((id) => ({ id, provider: 'up', context: 128_000, price: PRICE }));
const EMB = { id: 'emb', provider: 'up', context: 8_192, price: PRICE, capabilities: ['embeddings'] };
const BY_MODEL = { models: [...CHAT, EMB], embeddings: { type: 'model', model: 'emb', timeout_ms: 20_000 } };

/** What became of one question to the panel, whose answers are embedded as they come. */
async function asked(
  running: Panel,
  embeds: number,
  answers: Readonly<Record<string, string>> = ANSWERS,
): Promise<unknown> {
  const reply = running.chat({ model: 'policy:panel' });
  const answered = running.answerAll(answers);
  for (let i = 0; i < embeds; i += 1) (await running.up.next('emb')).vectors(meaningOf);
  await answered;
  const { status, json } = await reply;
  expect(status).toBe(200);
  return json;
}

const textOf = (json: unknown): string =>
  (json as { choices: readonly { message: { content: string } }[] }).choices[0]?.message.content ?? '';

async function metric(running: Panel, line: string): Promise<string | undefined> {
  const { text } = await call(`${running.url}/metrics`, { method: 'GET' });
  return text.split('\n').find((one) => one.startsWith(line));
}

test('without an embedder the nearest in words is the result', async () => {
  const json = await asked(await panel([POLICY]), 0);
  expect(textOf(json)).toBe(CAT);
});

describe('a model that is asked', () => {
  test('decides by meaning, is paid for by the call, and is asked for each text once', async () => {
    const running = await panel([POLICY], BY_MODEL);
    const first = await asked(running, 3);
    expect(textOf(first)).toBe(FELINE);
    expect(JSON.stringify(consensusOf(first)['why'])).toContain('embeddings by emb');
    const again = await asked(running, 0);
    expect(textOf(again)).toBe(FELINE);
    const attempts = await balanced(running, [idOf(first), idOf(again)]);
    const embeds = attempts.filter(({ model }) => model === 'emb');
    expect(embeds.map((one) => [one.outcome, one.in_tokens, one.out_tokens, one.cost_usd_micros])).toEqual([
      ...Array.from({ length: 3 }, () => ['ok', 7, 0, 7]),
    ]);
    expect(attempts).toHaveLength(9);
    expect(await metric(running, 'atp_embedding_requests_total{maker="model",outcome="ok"}')).toMatch(/ 3$/);
    expect(await metric(running, 'atp_embedding_texts_total{source="cache"}')).toMatch(/ 3$/);
  });

  test('is on record with its session, and of a replay it is said that words are compared', async () => {
    const running = await panel([POLICY], BY_MODEL);
    const id = idOf(await asked(running, 3));
    const { json } = await running.admin('GET', `/consensus/${id}`);
    const embed = { role: 'embed', source: 'emb', answered: true, tokens: 7, cost_usd_micros: 7 };
    expect(json['follow_ups']).toHaveLength(3);
    expect(json['follow_ups']).toMatchObject([embed, embed, embed]);
    // Three lanes of 20 each.
    expect(json['cost_usd_micros']).toBe(81);
    const replayed = await running.admin('GET', `/consensus/${id}/replay`);
    expect(replayed.json).toMatchObject({ result: { text: CAT } });
    expect(JSON.stringify(replayed.json['doubts'])).toContain('by vectors of emb');
    expect(await metric(running, 'atp_embedding_fallbacks_total{')).toBeUndefined();
  });

  test('claims that say the same in other words are one finding', async () => {
    const running = await panel([POLICY], BY_MODEL);
    const found = (claim: string): string =>
      JSON.stringify({ findings: [{ type: 'bug', severity: 'high', claim, confidence: 1 }] });
    const json = await asked(running, 3, { a: found(FELINE), b: found(CAT), c: found(DOG) });
    const findings = consensusOf(json)['findings'] as readonly { provenance: readonly { lane: number }[] }[];
    expect(findings.map(({ provenance }) => provenance.map(({ lane }) => lane))).toEqual([[0, 1]]);
    expect(running.up.asked.filter(({ model }) => model === 'emb').map(({ texts }) => texts)).toEqual(
      expect.arrayContaining([[CAT], [FELINE], [DOG]]),
    );
  });

  test('that fails leaves the whole session to words, and it is said and counted', async () => {
    const running = await panel([POLICY], BY_MODEL);
    const reply = running.chat({ model: 'policy:panel' });
    await running.answerAll({ a: FELINE });
    (await running.up.next('emb')).vectors(meaningOf);
    await running.answerAll({ b: CAT });
    (await running.up.next('emb')).fail(500);
    await running.answerAll({ c: DOG });
    const { json } = await reply;
    expect(textOf(json)).toBe(CAT);
    expect(JSON.stringify(consensusOf(json)['uncertainties'])).toContain('compared by their words and not by emb');
    const attempts = await balanced(running, [idOf(json)]);
    const embeds = attempts.filter(({ model }) => model === 'emb').map(({ outcome }) => outcome);
    expect(embeds.sort()).toEqual(['error', 'ok']);
    expect(await metric(running, 'atp_embedding_fallbacks_total{reason="failed"}')).toMatch(/ 1$/);
  });

  test('that takes too long is waited for no longer than is said', async () => {
    const running = await panel([POLICY], { ...BY_MODEL, embeddings: { ...BY_MODEL.embeddings, timeout_ms: 1_500 } });
    const reply = running.chat({ model: 'policy:panel' });
    await running.answerAll({ a: FELINE });
    const slow = await running.up.next('emb');
    await slow.gone;
    await running.answerAll({ b: CAT, c: DOG });
    const { json } = await reply;
    expect(textOf(json)).toBe(CAT);
    await balanced(running, [idOf(json)]);
    expect(await metric(running, 'atp_embedding_fallbacks_total{reason="timeout"}')).toMatch(/ 1$/);
  });

  test('sees nothing that it is not cleared for', async () => {
    const tenants = [
      { id: 'acme', qos_max: 'gold', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }], budget: { usd_per_day: 50 } },
    ];
    const models = [...CHAT, { ...EMB, data_scopes: ['public'] }];
    const running = await panel([POLICY], { ...BY_MODEL, models, tenants });
    const json = await asked(running, 0);
    expect(textOf(json)).toBe(CAT);
    expect(running.up.asked.map(({ model }) => model).sort()).toEqual(['a', 'b', 'c']);
    expect(await metric(running, 'atp_embedding_fallbacks_total{reason="not_allowed"}')).toMatch(/ 1$/);
  });

  test('is stopped when its client leaves', async () => {
    const running = await panel([POLICY], BY_MODEL);
    const body = JSON.stringify({ model: 'policy:panel', messages: [{ role: 'user', content: 'hello' }] });
    const headers = { authorization: `Bearer ${TENANT_KEY}`, 'content-type': 'application/json' };
    const client = request(`${running.url}/v1/chat/completions`, { method: 'POST', headers });
    client.on('error', () => undefined);
    client.end(body);
    await running.answerAll({ a: FELINE, b: CAT });
    const both = [await running.up.next('emb'), await running.up.next('emb')];
    client.destroy();
    await Promise.all(both.map(({ gone }) => gone));
    expect(both.map(({ is_gone }) => is_gone)).toEqual([true, true]);
    await until(async () => (await metric(running, 'atp_embedding_requests_total{'))?.endsWith(' 2') === true);
    expect(await metric(running, 'atp_embedding_requests_total{maker="model",outcome="cancelled"}')).toMatch(/ 2$/);
  });
});

test('a model in a file decides by meaning, too', async () => {
  const words = { cat: [1, 0], feline: [1, 0], mat: [1, 0], rug: [1, 0], barking: [0, 9] };
  const embeddings = { type: 'onnx', ...tinyModel(dataDir(), words), timeout_ms: 60_000 };
  const running = await panel([POLICY], { embeddings });
  const json = await asked(running, 0);
  expect(textOf(json)).toBe(FELINE);
  expect(JSON.stringify(consensusOf(json)['why'])).toMatch(/embeddings by onnx-[0-9a-f]{12}/);
  expect(await metric(running, 'atp_embedding_requests_total{maker="onnx",outcome="ok"}')).toMatch(/ 3$/);
});
