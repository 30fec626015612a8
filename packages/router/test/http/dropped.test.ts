import { describe, expect, test } from 'vitest';
import { errorOf, startForTest, TENANT_KEY } from '../admin/harness.ts';
import { call, type Reply } from '../admin/http.ts';
import { type Answer, chunk, through, upstream } from '../admin/upstream.ts';

const IMAGE = { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } };
const MODEL = { context: 128_000, capabilities: ['chat'], price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 } };

/** A Gemini provider that answers with these parts. */
async function painting(...parts: object[]): Promise<Record<string, unknown>> {
  const { base_url } = await upstream((req, res) => {
    const usageMetadata = { promptTokenCount: 3, candidatesTokenCount: 9 };
    const body = JSON.stringify({ candidates: [{ content: { parts }, finishReason: 'STOP' }], usageMetadata });
    const stream = req.url?.includes('stream') === true;
    res.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'application/json' });
    res.end(stream ? `data: ${body}\n\n` : body);
  });
  return {
    providers: [{ id: 'up', type: 'gemini', base_url: base_url.replace(/\/v1$/, ''), api_key: 'x' }],
    models: [{ ...MODEL, id: 'small', provider: 'up' }],
  };
}

const ask = (url: string, path: string, body: object): Promise<Reply> =>
  call(`${url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TENANT_KEY}` },
    body: JSON.stringify({ model: 'small', ...body }),
  });

describe('a picture that Chat Completions cannot carry', () => {
  test('is named in a header of a whole answer, and at the end of a stream', async () => {
    const { chat } = await startForTest(await painting({ text: 'Here.' }, IMAGE));
    const whole = await chat({});
    expect([whole.status, whole.headers['x-atp-ignored']]).toEqual([200, 'image']);
    const streamed = await chat({ stream: true });
    expect(streamed.text).toMatch(/"atp":\{[^}]*"dropped":\["image"\]\}/);
  });

  test('is an error where it is all of the answer', async () => {
    const { chat } = await startForTest(await painting(IMAGE));
    const whole = await chat({});
    expect([whole.status, errorOf(whole)]).toMatchObject([502, { code: 'upstream_error' }]);
    expect(errorOf(whole).message).toContain('image');
    const streamed = await chat({ stream: true });
    expect(streamed.text).toMatch(/"code":"upstream_error"/);
    expect(streamed.text).not.toContain('"finish_reason":"stop"');
  });

  test('goes to a Responses client', async () => {
    const { url } = await startForTest(await painting(IMAGE));
    const { json, headers } = await ask(url, '/v1/responses', { input: 'Paint.', store: false });
    expect(json['output']).toMatchObject([{ type: 'image_generation_call', result: IMAGE.inlineData.data }]);
    expect(headers['x-atp-ignored']).toBeUndefined();
  });
});

const answering =
  (body: object): Answer =>
  (_req, res) =>
    void res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));

test('what the client’s own shape has passes as it came', async () => {
  const message = { role: 'assistant', content: 'Hi', annotations: [{ type: 'file', file: {} }] };
  const choices = [{ index: 0, message, finish_reason: 'stop' }];
  const { base_url } = await upstream(answering({ id: 'c', created: 1, model: 'gpt-x', choices }));
  const { json, headers } = await (await startForTest(through(base_url))).chat({});
  expect([(json['choices'] as object[])[0], headers['x-atp-ignored']]).toEqual([choices[0], undefined]);
});

test.each(['/v1/chat/completions', '/v1/messages'])('%s: an answer without any choice is an error', async (path) => {
  const { base_url } = await upstream(answering({ id: 'c', created: 1, model: 'gpt-x', choices: [] }));
  const { url } = await startForTest(through(base_url));
  const body = { messages: [{ role: 'user', content: 'Hi' }], max_tokens: 9 };
  const reply = await ask(url, path, body);
  expect([reply.status, (reply.json['error'] as { code: string }).code]).toEqual([502, 'upstream_error']);
});

test('a stream without any choice is cut', async () => {
  const { base_url } = await upstream((_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.end(`${chunk({}).replace(/"choices":\[[^\]]*\]/, '"choices":[]')}data: [DONE]\n\n`);
  });
  const reply = await (await startForTest(through(base_url))).chat({ stream: true });
  expect([reply.status, errorOf(reply).code]).toEqual([502, 'stream_truncated']);
});
