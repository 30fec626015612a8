import type { ServerResponse } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { configOf, dataDir, errorOf, start, startForTest } from '../admin/harness.ts';
import { type Answer, through, upstream } from '../admin/upstream.ts';

/** A model at an upstream that is asked once. */
function once(base_url: string, over: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const retry = { max_attempts: 1, base_ms: 1, cap_ms: 1 };
  return { ...through(base_url), providers: [{ id: 'up', type: 'openai', base_url, api_key: 'x', retry, ...over }] };
}

/** Answers with `status` and `first`, then with a blank now and then for as long as the router listens. */
function dripping(status: number, first: string): { readonly answer: Answer; readonly gone: Promise<void> } {
  let left: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => {
    left = resolve;
  });
  const answer = (_req: unknown, res: ServerResponse): void => {
    res.writeHead(status, { 'content-type': 'application/json' });
    res.write(first);
    const timer = setInterval(() => res.write(' '), 5);
    res.once('close', () => {
      clearInterval(timer);
      left();
    });
  };
  return { answer, gone };
}

const ODD = '{"error":{"message":"that is odd","type":"invalid_request_error"}}';

test.each([false, true])('an error that never ends gets its time, and is told as what it is (stream %s)', async (s) => {
  const script = dripping(400, ODD);
  const { base_url } = await upstream(script.answer);
  const { chat, router } = await startForTest(once(base_url, { idle_timeout_ms: 100 }));
  const reply = await chat({ stream: s });
  expect([reply.status, errorOf(reply).code]).toEqual([400, 'upstream_rejected']);
  expect(errorOf(reply).message).toContain('that is odd');
  await script.gone;
  expect(router.engine.in_flight).toBe(0);
});

test('an error that is larger than a message is cut off', async () => {
  const script = dripping(503, ' '.repeat(70_000));
  const { base_url } = await upstream(script.answer);
  const { chat } = await startForTest(once(base_url, {}));
  const reply = await chat({});
  expect([reply.status, errorOf(reply).code]).toEqual([502, 'upstream_error']);
  await script.gone;
});

test('a whole answer that drips gets the time of a stream', async () => {
  const script = dripping(200, '{');
  const { base_url } = await upstream(script.answer);
  const config = configOf(dataDir(), once(base_url, {}));
  // Shorter than a configuration may set it, so that the test does not wait.
  const limits = { ...config.limits, stream_duration_ms: 100 };
  const running = await start({ config: { ...config, limits } });
  onTestFinished(() => running.stop());
  const reply = await running.chat({});
  expect([reply.status, errorOf(reply).code]).toEqual([504, 'deadline_exceeded']);
  await script.gone;
  expect(running.router.engine.in_flight).toBe(0);
});
