import { describe, expect, test } from 'vitest';
import { errorOf, startForTest } from '../admin/harness.ts';
import { upstream } from '../admin/upstream.ts';

const DONE = JSON.stringify({
  ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'gpt-x' },
  choices: [{ index: 0, message: { role: 'assistant', content: 'Done.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
});
const MODEL = {
  context: 128_000,
  capabilities: ['chat', 'tools', 'documents'],
  price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 },
};

/** A policy whose first model speaks Messages, and whose second speaks Chat Completions. */
function twoShapes(base_url: string, drop: object = {}): Record<string, unknown> {
  return {
    providers: [
      { id: 'claude', type: 'anthropic', base_url: 'http://127.0.0.1:9', api_key: 'x' },
      { id: 'up', type: 'openai', base_url, api_key: 'x' },
    ],
    models: [
      { ...MODEL, id: 'first', provider: 'claude', ...drop },
      { ...MODEL, id: 'small', provider: 'up' },
    ],
    policies: [{ id: 'both', fallback: ['first', 'small'] }],
  };
}

const FN = { type: 'function', function: { name: 'f', parameters: { type: 'object' } } };
const CUSTOM = { type: 'custom', custom: { name: 'c' } };
const CASES: [string, object][] = [
  ['tools[0]', { tools: [CUSTOM] }],
  ['tool_choice', { tools: [FN], tool_choice: { type: 'custom', custom: { name: 'c' } } }],
  [
    'messages[0].content[0].file.file_id',
    { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'file-1' } }] }] },
  ],
  ['functions', { functions: [{ name: 'f', parameters: {} }] }],
];

describe.each(CASES)('%s, which Messages cannot say', (param, more) => {
  test('is asked of the next model, and refused by its own name where there is none', async () => {
    const { base_url, seen } = await upstream((_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' }).end(DONE);
    });
    const { chat } = await startForTest(twoShapes(base_url));
    const served = await chat({ model: 'policy:both', ...more });
    expect([served.status, served.headers['x-atp-model'], seen.length]).toEqual([200, 'small', 1]);
    const refused = await chat({ model: 'first', ...more });
    expect([refused.status, errorOf(refused)]).toMatchObject([400, { code: 'untranslatable', param }]);
  });
});
