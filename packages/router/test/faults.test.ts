import type { Stage } from '@atp-router/call';
import type { GenEvent, GenRequest } from '@atp-router/dialects';
import { expect, test } from 'vitest';
import { errorOf, type Running, startForTest } from './admin/harness.ts';
import { call } from './admin/http.ts';
import { type Answer, chunk, through, upstream } from './admin/upstream.ts';

type S = Stage<GenRequest, GenEvent>;

/** Answers well, whole or as a stream, and says nothing of what it used. */
const silent: Answer = (req, res) => {
  let body = '';
  req.on('data', (part: Buffer) => {
    body += part.toString();
  });
  req.on('end', () => {
    if ((JSON.parse(body) as { stream?: boolean }).stream === true) {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.end(`${chunk({ role: 'assistant', content: 'Good' })}${chunk({}, 'stop')}data: [DONE]\n\n`);
    } else whole(res);
  });
};

function whole(res: Parameters<Answer>[1], usage?: object): void {
  const message = { role: 'assistant', content: 'Good' };
  const choices = [{ index: 0, message, finish_reason: 'stop' }];
  res.writeHead(200, { 'content-type': 'application/json' });
  res.end(JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'gpt-x', choices, usage }));
}

/** Nothing is held, and the router stops although whatever went wrong. */
async function expectNothingHeld({ router }: Running): Promise<void> {
  const { engine } = router;
  expect(engine.in_flight).toBe(0);
  const account = engine.parts.accounts.snapshot('tenant:acme', Date.now());
  expect(account?.outstanding).toEqual({ calls: 0, tokens: 0, usd_nanos: 0 });
  await router.stop('end of test');
}

test.each<[string, object]>([
  ['a role', { messages: [{ role: 'narrator', content: 'Once' }] }],
  ['a kind of content', { messages: [{ role: 'user', content: [{ type: 'hologram', hologram: 'x' }] }] }],
  ['a value', { temperature: 'warm' }],
])('%s that only the provider knows is relayed, also where its prompt would be counted', async (_name, body) => {
  const { base_url } = await upstream(silent);
  const running = await startForTest(through(base_url));
  for (const stream of [false, true]) {
    const reply = await running.chat({ ...body, stream });
    expect(reply.status).toBe(200);
    expect(reply.text).toContain('Good');
  }
  await expectNothingHeld(running);
});

test.each([Number.MAX_SAFE_INTEGER, 2_000_000_000])(
  'usage of %i tokens is not believed: the call ends, and is charged as counted',
  async (tokens) => {
    const { base_url } = await upstream((_req, res) =>
      whole(res, { prompt_tokens: tokens, completion_tokens: tokens }),
    );
    const running = await startForTest(through(base_url));
    const reply = await running.chat({});
    expect(reply.status).toBe(200);
    expect(Number(reply.headers['x-atp-cost-usd-micros'])).toBeLessThan(1_000);
    await expectNothingHeld(running);
  },
);

const stages: [string, () => S][] = [
  ['claims', () => ({ ...STAGE, claims: fails })],
  ['open', () => ({ ...STAGE, open: fails })],
  ['onRequest', () => ({ ...STAGE, open: () => ({ onRequest: fails }) })],
  ['openRun', () => ({ ...STAGE, open: () => ({ openRun: fails }) })],
  ['onChunk', () => ({ ...STAGE, open: () => ({ openRun: () => ({ onChunk: fails }) }) })],
  ['onEnd', () => ({ ...STAGE, open: () => ({ openRun: () => ({ onEnd: fails }) }) })],
];

const STAGE: S = { id: 'fails', claims: () => ({ request: true, body: 'rewrite' }), open: () => ({}) };

function fails(): never {
  throw new TypeError('a bug with the words of a prompt');
}

test.each(stages)('a stage that throws in %s ends its call with an error, and nothing else', async (name, stage) => {
  const problems: string[] = [];
  const running = await startForTest(
    {},
    { stages: [stage()], onProblem: (source, { message }) => problems.push(`${source}: ${message}`) },
  );
  const plain = await running.chat({});
  expect(errorOf(plain).code).toBe('internal_error');
  const streamed = await running.chat({ stream: true });
  expect(streamed.text).toContain('internal_error');
  const ask = (): ReturnType<typeof call> =>
    call(`${running.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer tenant-key-of-the-tests', 'idempotency-key': name },
      body: JSON.stringify({ model: 'small', messages: [{ role: 'user', content: 'hello' }] }),
    });
  expect(errorOf(await ask()).code).toBe('internal_error');
  // Whether it may run again depends on what it cost; it does not wait for ever.
  expect(['internal_error', 'conflict']).toContain(errorOf(await ask()).code);
  expect(problems.length).toBeGreaterThan(0);
  expect(problems.join()).toMatch(/^calls: A call met TypeError/);
  expect(problems.join() + plain.text + streamed.text).not.toContain('words of a prompt');
  await expectNothingHeld(running);
});
