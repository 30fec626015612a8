import type { ServerResponse } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { configOf, dataDir, type Running, start, TENANT_KEY } from '../admin/harness.ts';
import { type Block, call, type OpenStream, stream } from '../admin/http.ts';
import { chunk, upstream } from '../admin/upstream.ts';

const MODEL = { context: 128_000, capabilities: ['chat'], price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 } };
const isComment = (block: Block): boolean => block.comment === 'keep-alive';
const FAILURE = '{"error":{"message":"it broke","type":"server_error"}}';

/** Two models at providers that answer when the test says so; the second stands in for the first. */
async function rig(keep_alive_ms = 20): Promise<{ running: Running; next(): Promise<ServerResponse> }> {
  const arrived: ServerResponse[] = [];
  const wanted: ((res: ServerResponse) => void)[] = [];
  const { base_url } = await upstream((_req, res) => {
    const want = wanted.shift();
    if (want === undefined) arrived.push(res);
    else want(res);
  });
  const retry = { max_attempts: 1, base_ms: 1, cap_ms: 1 };
  const config = configOf(dataDir(), {
    providers: ['a', 'b'].map((id) => ({ id, type: 'openai', base_url, api_key: 'x', retry })),
    models: ['a', 'b'].map((id) => ({ ...MODEL, id, provider: id })),
    policies: [{ id: 'both', fallback: ['a', 'b'] }],
  });
  const running = await start({ config: { ...config, limits: { ...config.limits, keep_alive_ms } } });
  onTestFinished(() => running.stop());
  const next = async (): Promise<ServerResponse> => {
    const res = arrived.shift() ?? (await new Promise<ServerResponse>((resolve) => wanted.push(resolve)));
    return res;
  };
  return { running, next };
}

const PATHS = ['chat/completions', 'messages', 'responses', 'ask'] as const;

function open({ url }: Running, path: (typeof PATHS)[number], headers = {}): Promise<OpenStream> {
  const say = path === 'responses' ? { input: 'hello' } : { messages: [{ role: 'user', content: 'hello' }] };
  const body = JSON.stringify({ model: 'policy:both', stream: true, ...say, ...(path === 'messages' ? MAX : {}) });
  const sent = { method: 'POST', headers: { authorization: `Bearer ${TENANT_KEY}`, ...headers }, body };
  return stream(`${url}/v1/${path}`, sent);
}
const MAX = { max_tokens: 50 };

function fail(res: ServerResponse): void {
  res.writeHead(500, { 'content-type': 'application/json' }).end(FAILURE);
}

function say(res: ServerResponse, ...words: string[]): void {
  if (!res.headersSent) res.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const content of words) res.write(chunk({ content }));
}

function finish(res: ServerResponse): void {
  res.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
}

test.each(PATHS)(
  '%s: a model that thinks keeps the connection alive, and another may still take its place',
  async (path) => {
    const { running, next } = await rig();
    const client = await open(running, path);
    expect(client.incoming.statusCode).toBe(200);
    expect(client.incoming.headers).toMatchObject({ 'x-atp-request-id': expect.stringMatching(/^call_/) });
    await client.next(isComment);
    await client.next(isComment);
    fail(await next());
    await client.next(isComment);
    const second = await next();
    say(second, 'Good', ' answer.');
    finish(second);
    const rest = await client.rest();
    const text = rest.map(({ data }) => data).join('\n');
    expect(text).toContain('answer.');
    expect(text).not.toContain('it broke');
    expect(text).toContain('"attempts":2');
  },
);

test.each(PATHS)('%s: what fails after a comment is told in the stream', async (path) => {
  const { running, next } = await rig();
  const client = await open(running, path);
  await client.next(isComment);
  fail(await next());
  fail(await next());
  const rest = (await client.rest()).filter((block) => block.data !== '');
  expect(rest).toHaveLength(1);
  expect(rest[0]?.data).toContain('upstream_error');
});

test('a gap within an answer is filled, an event is not torn', async () => {
  const { running, next } = await rig();
  const client = await open(running, 'chat/completions');
  const model = await next();
  say(model, 'One');
  await client.next((block) => block.data.includes('One'));
  await client.next(isComment);
  const event = chunk({ content: ' two' });
  model.write(event.slice(0, 40));
  await client.next(isComment);
  model.write(event.slice(40));
  finish(model);
  const rest = (await client.rest()).filter((block) => block.data !== '');
  expect(rest[0]?.data).toContain(' two');
  for (const { data } of rest) if (data !== '[DONE]') expect(() => JSON.parse(data) as unknown).not.toThrow();
});

test('a repeat of such a call gets the answer, without the comments of the first', async () => {
  const { running, next } = await rig();
  const client = await open(running, 'chat/completions', { 'idempotency-key': 'k' });
  await client.next(isComment);
  const repeat = await open(running, 'chat/completions', { 'idempotency-key': 'k' });
  await repeat.next(isComment);
  const model = await next();
  say(model, 'Once');
  finish(model);
  const told = async (from: OpenStream): Promise<string[]> =>
    (await from.rest()).filter((block) => !isComment(block)).map(({ data }) => data);
  const first = await told(client);
  expect(first.join()).toContain('Once');
  expect(await told(repeat)).toEqual(first);
  const again = await (await open(running, 'chat/completions', { 'idempotency-key': 'k' })).rest();
  expect(again.filter(isComment)).toEqual([]);
  expect(again.map(({ data }) => data)).toEqual(first);
});

test('a whole answer has no comments, and 0 is off', async () => {
  const { running, next } = await rig(20);
  const body = JSON.stringify({ model: 'a', messages: [{ role: 'user', content: 'hello' }] });
  const headers = { authorization: `Bearer ${TENANT_KEY}`, 'x-atp-deadline-ms': '100' };
  const whole = call(`${running.url}/v1/chat/completions`, { method: 'POST', headers, body });
  await next();
  expect((await whole).status).toBe(504);

  const off = await rig(0);
  const silent = await open(off.running, 'chat/completions', { 'x-atp-deadline-ms': '100' });
  expect(silent.incoming.statusCode).toBe(504);
});
