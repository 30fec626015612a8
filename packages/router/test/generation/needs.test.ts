import { beforeAll, afterAll, describe, expect, test } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configOf, hashOf, type Running, start, TENANT_KEY } from '../admin/harness.ts';
import { call, type Reply } from '../admin/http.ts';

const CAPABILITIES = ['tools', 'vision', 'audio', 'documents', 'json_mode', 'json_schema', 'reasoning', 'logprobs'];
const model = (id: string, capabilities: readonly string[]): object => ({
  ...{ id, provider: 'sim', context: 128_000, max_output_tokens: 4_000, capabilities: ['chat', ...capabilities] },
});

let dir: string;
let running: Running;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'atp-needs-'));
  const config = configOf(dir, {
    models: [model('plain', []), ...CAPABILITIES.map((one) => model(`with-${one}`, [one]))],
    policies: [{ id: 'any', fallback: ['plain', ...CAPABILITIES.map((one) => `with-${one}`)] }],
    tenants: [{ id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }] }],
  });
  running = await start({ config });
});
afterAll(async () => {
  await running.stop();
  rmSync(dir, { recursive: true, force: true });
});

const ask = (path: string, body: object): Promise<Reply> =>
  call(`${running.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TENANT_KEY}` },
    body: JSON.stringify(body),
  });

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const SCHEMA = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false };
const FUNCTION = { name: 'f', parameters: { type: 'object', properties: {} } };

const messages = (content: unknown): object => ({ messages: [{ role: 'user', content }], max_tokens: 2_000 });
const input = (content: unknown): object => ({ input: [{ role: 'user', content }] });
const HI = messages('hi');

const chat = '/v1/chat/completions';
const json = { type: 'json_schema', json_schema: { name: 's', schema: SCHEMA, strict: true } };

describe('a request is routed only to models that can do what it needs', () => {
  test.each([
    ['tools', chat, { ...HI, tools: [{ type: 'function', function: FUNCTION }] }],
    ['vision', chat, messages([{ type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } }])],
    ['audio', chat, messages([{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }])],
    [
      'documents',
      chat,
      messages([{ type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' } }]),
    ],
    ['json_mode', chat, { ...HI, response_format: { type: 'json_object' } }],
    ['json_schema', chat, { ...HI, response_format: json }],
    ['reasoning', chat, { ...HI, reasoning_effort: 'low' }],
    ['logprobs', chat, { ...HI, logprobs: true }],
    ['json_schema', '/v1/ask', { prompt: 'hi', response_format: json }],
    [
      'documents',
      '/v1/messages',
      messages([{ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'AAAA' } }]),
    ],
    ['json_schema', '/v1/messages', { ...HI, output_config: { format: { type: 'json_schema', schema: SCHEMA } } }],
    ['reasoning', '/v1/messages', { ...HI, thinking: { type: 'enabled', budget_tokens: 1_024 } }],
    [
      'documents',
      '/v1/responses',
      input([{ type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' }]),
    ],
    ['json_mode', '/v1/responses', { ...input('hi'), text: { format: { type: 'json_object' } } }],
    [
      'json_schema',
      '/v1/responses',
      { ...input('hi'), text: { format: { type: 'json_schema', name: 's', schema: SCHEMA, strict: true } } },
    ],
    ['reasoning', '/v1/responses', { ...input('hi'), reasoning: { effort: 'low' } }],
    ['logprobs', '/v1/responses', { ...input('hi'), include: ['message.output_text.logprobs'] }],
  ])('%s: %s', async (capability, path, body) => {
    const refused = await ask(path, { model: 'plain', ...body });
    expect(refused.status).toBe(400);
    expect(refused.text).toContain(`it lacks ${capability}`);
    const answered = await ask(path, { model: 'policy:any', ...body });
    expect([answered.status, answered.headers['x-atp-model']]).toEqual([200, `with-${capability}`]);
  });

  test.each([
    [chat, { ...HI, response_format: { type: 'text' }, reasoning_effort: 'none', logprobs: false }],
    ['/v1/messages', messages([{ type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'hi' } }])],
    ['/v1/messages', { ...HI, thinking: { type: 'disabled' } }],
    ['/v1/responses', { ...input('hi'), text: { format: { type: 'text' } }, reasoning: { effort: 'none' } }],
  ])('what every model can do needs nothing: %s', async (path, body) => {
    const answered = await ask(path, { model: 'plain', ...body });
    expect([answered.status, answered.headers['x-atp-model']]).toEqual([200, 'plain']);
  });
});
