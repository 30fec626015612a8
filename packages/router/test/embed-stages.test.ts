import type { RequestVerdict, Stage } from '@atp-router/call';
import type { GenEvent, GenRequest } from '@atp-router/dialects';
import { AtpError } from '@atp-router/kernel';
import { expect, test } from 'vitest';
import { errorOf, type Running, startForTest, TENANT_KEY } from './admin/harness.ts';
import { call, type Reply } from './admin/http.ts';
import { through, upstream } from './admin/upstream.ts';

type Verdict = RequestVerdict<GenRequest>;

/** A router with one stage before an upstream that embeds, and what reached that. */
async function withStage(
  onRequest: (request: GenRequest) => Verdict,
  claims = { request: true, body: 'none' } as const,
): Promise<{ running: Running; seen: unknown[] }> {
  const seen: unknown[] = [];
  const { base_url } = await upstream((req, res) => {
    let body = '';
    req.on('data', (part: Buffer) => {
      body += part.toString();
    });
    req.on('end', () => {
      const { input } = JSON.parse(body) as { input: string | string[] };
      seen.push(input);
      const data = [input].flat().map((_, index) => ({ object: 'embedding', index, embedding: [1, 2] }));
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end(JSON.stringify({ object: 'list', model: 'gpt-x', data, usage: { prompt_tokens: 2, total_tokens: 2 } }));
    });
  });
  const stage: Stage<GenRequest, GenEvent> = { id: 'guard', claims: () => claims, open: () => ({ onRequest }) };
  const config = JSON.parse(JSON.stringify(through(base_url)).replace('"tools"', '"embeddings"')) as object;
  return { running: await startForTest({ ...config }, { stages: [stage] }), seen };
}

function embed({ url }: Running, input: unknown): Promise<Reply> {
  const headers = { authorization: `Bearer ${TENANT_KEY}` };
  return call(`${url}/v1/embeddings`, { method: 'POST', headers, body: JSON.stringify({ model: 'small', input }) });
}

test('a stage sees the inputs of an embedding, each as a message', async () => {
  const shown: unknown[] = [];
  const { running, seen } = await withStage((request) => {
    shown.push(request.messages.map(({ parts }) => parts[0]));
    return { kind: 'pass' };
  });
  expect((await embed(running, ['one', 'two'])).status).toBe(200);
  expect(shown).toEqual([['one', 'two'].map((text) => ({ type: 'text', text }))]);
  expect(seen).toEqual([['one', 'two']]);
});

test('what a stage refuses reaches no provider', async () => {
  const { running, seen } = await withStage(() => ({
    kind: 'abort',
    error: new AtpError('policy_denied', 'A number of a card.'),
  }));
  const reply = await embed(running, 'the number is 4111');
  expect([reply.status, errorOf(reply).message]).toEqual([403, 'A number of a card.']);
  // A stage cannot read token numbers, so nothing gets past it in their shape.
  const hidden = await embed(running, [[1, 2, 3]]);
  expect([hidden.status, errorOf(hidden).param]).toEqual([403, 'input']);
  expect(seen).toEqual([]);
});

test('what a stage replaces is embedded in its place', async () => {
  const { running, seen } = await withStage((request) => ({
    kind: 'replace',
    request: {
      ...request,
      messages: request.messages.map((message) => ({ ...message, parts: [{ type: 'text', text: 'hidden' }] })),
    },
  }));
  expect((await embed(running, ['one', 'two'])).status).toBe(200);
  expect(seen).toEqual([['hidden', 'hidden']]);
  const fewer = await withStage((request) => ({ kind: 'replace', request: { ...request, messages: [] } }));
  expect(errorOf(await embed(fewer.running, ['one', 'two'])).code).toBe('internal_error');
});
