import { describe, expect, test } from 'vitest';
import { errorOf, startForTest } from '../admin/harness.ts';
import type { Reply } from '../admin/http.ts';
import { type Answer, through, upstream } from '../admin/upstream.ts';

const SAID = 'Rate limit reached for gpt-x in organization org-AbC123456789 on tokens per min.';

/** A Response that failed, with the status of one that did not: whole, or as the end of a stream. */
const failing =
  (code: string, stream: boolean): Answer =>
  (_req, res) => {
    const response = { id: 'resp_1', object: 'response', created_at: 1, status: 'failed', model: 'gpt-x', output: [] };
    const body = JSON.stringify({ ...response, error: { code, message: SAID }, usage: null });
    res.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'application/json' });
    res.end(stream ? `event: response.failed\ndata: {"type":"response.failed","response":${body}}\n\n` : body);
  };

function responses(base_url: string): Record<string, unknown> {
  return {
    ...through(base_url),
    providers: [{ id: 'up', type: 'openai', api: 'responses', base_url, api_key: 'sk-x' }],
  };
}

async function ask(code: string, stream: boolean): Promise<{ reply: Reply; calls: number }> {
  const { base_url, seen } = await upstream(failing(code, stream));
  const { chat } = await startForTest(responses(base_url));
  const reply = await chat({ stream });
  return { reply, calls: seen.length };
}

describe.each([false, true])('a Response that failed (streamed: %s)', (stream) => {
  test('for the prompt is the request’s fault: told at once, without ids of accounts', async () => {
    const { reply, calls } = await ask('invalid_prompt', stream);
    expect([reply.status, errorOf(reply).code, calls]).toEqual([400, 'upstream_rejected', 1]);
    expect(errorOf(reply).message).toContain('in organization [account] on tokens');
  });

  test('for a limit of the router’s account says nothing of the account', async () => {
    const { reply, calls } = await ask('rate_limit_exceeded', stream);
    expect([reply.status, errorOf(reply).code]).toEqual([429, 'rate_limited']);
    expect(errorOf(reply).message).toBe('Provider "up" is limiting the router\'s rate.');
    expect(calls).toBeGreaterThan(1);
  });
});
