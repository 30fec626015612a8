import { describe, expect, test } from 'vitest';
import { errorOf, startForTest, TENANT_KEY } from '../admin/harness.ts';
import { call, type Reply } from '../admin/http.ts';
import { type Answer, chunk, through, upstream } from '../admin/upstream.ts';

const TEXT = 'one two three four five six seven eight';

/** A whole answer, or a stream, whose usage is what the test says. */
const telling =
  (usage: unknown, stream: boolean): Answer =>
  (_req, res) => {
    const head = { id: 'chatcmpl-1', created: 1, model: 'gpt-x' };
    res.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'application/json' });
    if (!stream) {
      const choices = [{ index: 0, message: { role: 'assistant', content: TEXT }, finish_reason: 'stop' }];
      res.end(JSON.stringify({ ...head, object: 'chat.completion', choices, usage }));
      return;
    }
    const last = JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [], usage });
    res.end(`${chunk({ content: TEXT })}${chunk({}, 'stop')}data: ${last}\n\ndata: [DONE]\n\n`);
  };

const messages = (url: string): Promise<Reply> =>
  call(`${url}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TENANT_KEY}` },
    body: JSON.stringify({ model: 'small', max_tokens: 100, messages: [{ role: 'user', content: 'hello' }] }),
  });

const NO_USAGE: [string, unknown][] = [
  ['negative', { prompt_tokens: -10, completion_tokens: -5 }],
  ['in fractions', { prompt_tokens: 1.5, completion_tokens: 2.7 }],
  ['far too large', { prompt_tokens: 1e308, completion_tokens: 1e308 }],
  ['negative in the answer alone', { prompt_tokens: 3, completion_tokens: -5 }],
  ['text', { prompt_tokens: '3', completion_tokens: '5' }],
  ['null', null],
  ['more than any model writes', { prompt_tokens: 1e15, completion_tokens: 1e15 }],
];

describe.each(NO_USAGE)('usage that is %s', (_name, usage) => {
  test('is counted instead, and the client is told what was counted', async () => {
    const { base_url } = await upstream(telling(usage, false));
    const { url } = await startForTest(through(base_url));
    const { json, headers } = await messages(url);
    expect(Number(headers['x-atp-cost-usd-micros'])).toBeGreaterThan(0);
    const told = json['usage'] as { input_tokens: number; output_tokens: number };
    expect(told.output_tokens).toBe(Math.ceil(TEXT.length / 4));
    expect(told.input_tokens).toBeGreaterThan(0);
  });

  test.each([false, true])('is in no chunk of a stream (asked for: %s)', async (include_usage) => {
    const { base_url } = await upstream(telling(usage, true));
    const { chatStream } = await startForTest(through(base_url));
    const blocks = await (await chatStream(include_usage ? { stream_options: { include_usage } } : {})).rest();
    const chunks = blocks.filter(({ data }) => data !== '[DONE]').map(({ data }) => JSON.parse(data) as Chunk);
    expect(blocks.at(-1)?.data).toBe('[DONE]');
    expect(chunks.find(({ atp }) => atp !== undefined)?.atp?.usage_source).toBe('counted');
    const tells = chunks.filter(({ choices }) => choices.length === 0).map((one) => one.usage?.completion_tokens);
    expect(tells).toEqual(include_usage ? [Math.ceil(TEXT.length / 4)] : []);
  });
});

interface Chunk {
  readonly choices: readonly unknown[];
  readonly usage?: { readonly completion_tokens: number };
  readonly atp?: { readonly usage_source: string };
}

test('the wait for an open circuit is a whole number of milliseconds', async () => {
  const { base_url } = await upstream((_req, res) => res.writeHead(500).end());
  const up = { id: 'up', type: 'openai', base_url, api_key: 'x', retry: { max_attempts: 1 } };
  const { chat } = await startForTest({
    ...through(base_url),
    providers: [{ ...up, breaker: { min_calls: 1 } }],
  });
  await chat({});
  const reply = await chat({});
  expect(errorOf(reply).code).toBe('no_models_available');
  const { retry_after_ms } = reply.json['error'] as { retry_after_ms: number };
  expect(retry_after_ms).toBeGreaterThan(0);
  expect(Number.isInteger(retry_after_ms)).toBe(true);
});
