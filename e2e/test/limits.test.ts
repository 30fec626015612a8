import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secretOf, standardConfig } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { type Answered, type Asked, send } from '../src/http.ts';
import { type Behaviour, textAnswer } from '../src/upstream/script.ts';

const LIMITS = {
  body_bytes: 8_192,
  header_bytes: 2_048,
  json_depth: 12,
  messages: 5,
  tools: 3,
  frame_bytes: 4_096,
  answer_bytes: 8_192,
  stream_bytes: 16_384,
  stream_duration_ms: 3_000,
  idle_ms: 1_000,
  calls_in_flight: 4,
};

let rig: Rig;
beforeAll(async () => {
  rig = await startRig((upstream) => standardConfig(upstream, { limits: LIMITS }));
});
afterAll(async () => {
  expect(await rig.router.outstanding()).toEqual([]);
  await rig.close();
});

const say = (content: string): object[] => [{ role: 'user', content }];
const chat = (over: object, asked: Partial<Asked> = {}): Promise<Answered> =>
  rig.router.ask('/v1/chat/completions', { model: 'm-chat', messages: say('hi'), ...over }, asked);

async function errorOf(answer: Answered): Promise<Record<string, unknown>> {
  return (await answer.json())['error'] as Record<string, unknown>;
}

const FN = { type: 'function', function: { name: 'f', parameters: { type: 'object' } } };
const deep = (levels: number): object => (levels === 0 ? {} : { a: deep(levels - 1) });

describe('requests', () => {
  test.each<[string, object, number, string, string]>([
    ['a body above its limit', { messages: say('x'.repeat(9_000)) }, 413, 'prompt_too_large', 'body'],
    ['JSON that is nested too deep', { metadata: deep(20) }, 400, 'invalid_request', 'body'],
    [
      'too many messages',
      { messages: Array(6).fill({ role: 'user', content: 'x' }) },
      400,
      'invalid_request',
      'messages',
    ],
    ['too many tools', { tools: Array(4).fill(FN) }, 400, 'invalid_request', 'tools'],
  ])('%s', async (_name, over, status, code, param) => {
    const answer = await chat(over);
    expect(answer.status).toBe(status);
    expect(await errorOf(answer)).toMatchObject({ code, param });
  });

  test('each at its limit is taken', async () => {
    const text = 'x'.repeat(7_000);
    expect((await chat({ messages: say(text) })).status).toBe(200);
    expect((await chat({ metadata: deep(9) })).status).toBe(200);
    expect((await chat({ messages: Array(5).fill({ role: 'user', content: 'x' }) })).status).toBe(200);
    expect((await chat({ tools: Array(3).fill(FN) })).status).toBe(200);
  });

  test('a body that grows above its limit without saying so before', async () => {
    const socket = connect(rig.router.port, '127.0.0.1');
    const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${secretOf('acme')}\r\ntransfer-encoding: chunked\r\n\r\n`;
    socket.write(`${head}2800\r\n${'x'.repeat(0x2800)}\r\n`);
    expect(await firstLine(socket)).toBe('HTTP/1.1 413 Payload Too Large');
    socket.destroy();
  });

  test('headers above their limit', async () => {
    const answer = await chat({}, { headers: { 'x-filler': 'x'.repeat(3_000) } });
    expect(answer.status).toBe(431);
    expect(await errorOf(answer)).toMatchObject({ code: 'headers_too_large' });
  });

  test.each([
    ['no body', '', 'no body'],
    ['text that is not JSON', '{"model":', 'not valid JSON'],
    ['JSON that is no object', '[1]', 'must be a JSON object'],
  ])('%s', async (_name, body, words) => {
    const answer = await rig.router.ask('/v1/chat/completions', body);
    expect(answer.status).toBe(400);
    expect((await errorOf(answer))['message']).toContain(words);
  });

  test('a body that stays away', async () => {
    const socket = connect(rig.router.port, '127.0.0.1');
    const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${secretOf('acme')}\r\ncontent-length: 100\r\n\r\n{`;
    socket.write(head);
    expect(await firstLine(socket)).toBe('HTTP/1.1 408 Request Timeout');
    socket.destroy();
  });

  test('text that is not HTTP', async () => {
    const socket = connect(rig.router.port, '127.0.0.1');
    socket.write('hello there\r\n\r\n');
    expect(await firstLine(socket)).toBe('HTTP/1.1 400 Bad Request');
    socket.destroy();
  });

  test('unknown paths and methods', async () => {
    const lost = await rig.router.ask('/v1/nothing', {});
    expect(lost.status).toBe(404);
    expect(await errorOf(lost)).toMatchObject({ code: 'not_found' });
    const wrong = await rig.router.ask('/v1/chat/completions', undefined, { method: 'GET' });
    expect(wrong.status).toBe(405);
    expect(wrong.header('allow')).toBe('POST');
  });

  test('more calls at once than the process takes are refused with a hint', async () => {
    const script = await rig.upstream.script({ gates: [0] });
    const { port } = rig.router;
    const body = { model: 'm-chat', messages: say(script.mark) };
    const pending = Array.from({ length: LIMITS.calls_in_flight }, () =>
      send({ port, path: '/v1/chat/completions', key: secretOf('acme'), body }),
    );
    const held = await Promise.all(pending.map(() => rig.upstream.next(script)));
    const refused = await chat({});
    expect(refused.status).toBe(503);
    expect(refused.header('retry-after')).toBe('1');
    expect(await errorOf(refused)).toMatchObject({ code: 'backpressure' });
    for (const request of held) request.step();
    for (const { answer } of pending) expect((await answer).status).toBe(200);
  });
});

describe('answers', () => {
  const BIG = 'y'.repeat(5_000);

  test.each<[string, string, boolean, Behaviour]>([
    ['a frame above its limit', 'm-chat-1', true, { answer: textAnswer(BIG) }],
    ['a frame that never ends', 'm-chat-2', true, { insert: { at: 1, raw: `data: ${BIG}` } }],
    ['a whole answer above its limit', 'm-chat-3', false, { answer: textAnswer(BIG, BIG) }],
    ['a line of Ollama above its limit', 'm-ollama-1', true, { answer: textAnswer(BIG) }],
  ])('%s is an error', async (_name, model, stream, behaviour) => {
    const script = await rig.upstream.script(behaviour);
    const answer = await chat({ model, stream, messages: say(script.mark) });
    expect(answer.status).toBe(502);
    expect(await errorOf(answer)).toMatchObject({ code: 'upstream_error', origin: 'remote' });
    for (const request of await rig.upstream.untaken(script)) await request.closed;
  });

  test('a stream above its limit ends with an error', async () => {
    const pieces = Array.from({ length: 10 }, () => 'z'.repeat(2_000));
    const script = await rig.upstream.script({ answer: textAnswer(...pieces) });
    const answer = await chat({ model: 'm-chat-4', stream: true, messages: say(script.mark) });
    const text = await answer.text();
    expect(text).toContain('larger answer than the router accepts');
    expect(text).not.toContain('[DONE]');
  });

  test('a stream that goes on for too long ends with an error', async () => {
    const pieces = Array.from({ length: 500 }, () => 'z');
    const script = await rig.upstream.script({ answer: textAnswer(...pieces), pace_ms: 200 });
    const answer = await chat({ model: 'm-chat-5', stream: true, messages: say(script.mark) });
    const request = await rig.upstream.next(script);
    const text = await answer.text();
    expect(text).toContain('deadline_exceeded');
    expect(text).not.toContain('[DONE]');
    expect(await request.closed).toMatchObject({ by: 'peer' });
  });

  test('a stream that falls silent ends with an error', async () => {
    const script = await rig.upstream.script({ answer: textAnswer('One', ' two', ' three'), gates: [' two'] });
    const answer = await chat({ model: 'm-chat-6', stream: true, messages: say(script.mark) });
    const request = await rig.upstream.next(script);
    const text = await answer.text();
    expect(text).toContain('One');
    expect(text).toContain('upstream_timeout');
    expect(await request.closed).toMatchObject({ by: 'peer' });
  });
});

async function firstLine(socket: ReturnType<typeof connect>): Promise<string> {
  const [data] = (await once(socket, 'data')) as [Buffer];
  return data.toString().split('\r\n')[0] ?? '';
}
