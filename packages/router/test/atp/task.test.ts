import { createHash } from 'node:crypto';
import { DEFAULT_LIMITS, type JsonObject } from '@atp-router/kernel';
import type { Frame, Payload } from '@atp-router/wire';
import { describe, expect, test } from 'vitest';
import { taskRequest } from '../../src/atp/task.ts';
import type { TaskStream } from '../../src/atp/task-stream.ts';
import { type Running, startForTest } from '../admin/harness.ts';
import { chunk, endless, through, upstream } from '../admin/upstream.ts';

/** A stream whose reader can be slow, and that keeps what was sent. */
class Recorded implements TaskStream {
  readonly sent: { readonly payload: Payload; readonly fin: boolean }[] = [];
  /** Messages that it takes before it is full. */
  room = Number.POSITIVE_INFINITY;
  gone: () => void = () => undefined;
  writable: () => void = () => undefined;
  readonly over: Promise<void>;
  readonly full: Promise<void>;
  #end: () => void = () => undefined;
  #fill: () => void = () => undefined;

  constructor() {
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.full = new Promise((resolve) => {
      this.#fill = resolve;
    });
  }

  send({ payload }: { readonly payload: Payload }, fin: boolean): boolean {
    this.sent.push({ payload, fin });
    if (fin) this.#end();
    this.room -= 1;
    if (this.room === 0) this.#fill();
    return this.room > 0;
  }

  reset(payload: Payload): void {
    this.sent.push({ payload, fin: true });
    this.#end();
  }

  onWritable(run: () => void): void {
    this.writable = run;
  }

  onGone(run: () => void): void {
    this.gone = run;
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function dispatch(task: unknown, over: Partial<Frame> = {}, more: object = {}): Frame {
  const content = { session_id: 's', targets: [], task, ...more } as JsonObject;
  return { v: 1, session_id: 's', stream_id: '1', msg_seq: 0, payload: { type: 'agent.dispatch', content }, ...over };
}

function submit({ router }: Running, frame: Frame, stream: Recorded): string {
  const { clock, call_ids } = router.engine.parts.ambient;
  const started_ms = clock.now_ms();
  const call_id = call_ids.next(started_ms);
  const origin = {
    call_id,
    tenant: 'acme',
    key_id: 'k1',
    session_id: 's',
    started_ms,
    started_mono_ms: clock.mono_ms(),
  };
  router.engine.submit(taskRequest(frame, stream, origin, router.manager.config.limits, sha256));
  return call_id;
}

async function answerOf(running: Running, frame: Frame): Promise<Recorded> {
  const stream = new Recorded();
  submit(running, frame, stream);
  await stream.over;
  return stream;
}

describe('a task', () => {
  test('streams its plan, partial results and the final one, which ends the stream', async () => {
    const running = await startForTest();
    const { sent } = await answerOf(running, dispatch({ prompt: 'Say something longer.', model: 'small' }));
    expect([...new Set(sent.map(({ payload }) => payload.type))]).toEqual([
      ...['agent.log', 'agent.result.partial', 'agent.result.final'],
    ]);
    expect(sent.map(({ payload }) => payload.seq)).toEqual(sent.map((_, i) => i));
    expect(sent.map(({ fin }) => fin)).toEqual(sent.map((_, i) => i === sent.length - 1));
    const final = sent.at(-1)?.payload.content as JsonObject;
    const partial = sent.flatMap(({ payload }) => (payload.type === 'agent.result.partial' ? [payload.content] : []));
    expect(partial.map((content) => (content as JsonObject)['delta']).join('')).toBe(final['text']);
    expect(final).toMatchObject({ model: 'small', finish: 'stop', atp: { attempts: 1 } });
  });

  test('that wants no stream gets the final result alone', async () => {
    const running = await startForTest();
    const { sent } = await answerOf(running, dispatch({ prompt: 'Hi', model: 'small', stream: false }));
    expect(sent.map(({ payload, fin }) => [payload.type, fin])).toEqual([['agent.result.final', true]]);
  });

  test('says of itself what policies match, in its frame and in its body; the frame wins', () => {
    const meta = { risk: 'High', languages: ['TS'], tool_permissions: ['read'], security_groups: ['ops'] };
    const frame = dispatch({ prompt: 'Hi', facts: { risk: 'low', diff_loc: 7 } }, { meta });
    const origin = { call_id: 'c', tenant: 'acme', key_id: 'k1', session_id: 's', started_ms: 0, started_mono_ms: 0 };
    expect(taskRequest(frame, new Recorded(), origin, DEFAULT_LIMITS, sha256).options.facts).toEqual({
      ...{ risk: 'high', languages: ['ts'], tool_permissions: ['read'], security_groups: ['ops'] },
      values: new Map([['diff_loc', 7]]),
    });
  });

  test('is accounted like any call, under its own endpoint, with the tier and the type of its frame', async () => {
    const running = await startForTest();
    const frame = dispatch({ prompt: 'Hi', qos: 'gold' }, { qos: 'bronze', meta: { task_type: 'chat.short' } });
    const stream = new Recorded();
    const call_id = submit(running, frame, stream);
    await stream.over;
    const { json } = await running.admin('GET', `/calls/${call_id}`);
    const call = { endpoint: 'atp', tenant: 'acme', qos: 'bronze', task_type: 'chat.short', outcome: 'ok' };
    expect(json).toMatchObject({ state: 'ended', call });
  });

  test.each([
    ['money', { budget: { usd_micros: 1 } }],
    ['tokens', { budget: { tokens: 2 } }],
  ])('beyond the %s of its dispatch is refused with EBUDGET', async (_what, more) => {
    const running = await startForTest();
    const { sent } = await answerOf(running, dispatch({ prompt: 'Hi '.repeat(100), model: 'small' }, {}, more));
    expect(sent).toMatchObject([{ fin: true, payload: { type: 'error', content: { code: 'EBUDGET' }, seq: 0 } }]);
  });

  test('with the idempotency key of an earlier one gets its outcome, and is billed once', async () => {
    const running = await startForTest();
    const frame = dispatch({ prompt: 'Hi', model: 'small' }, { meta: { idempotency_key: 'once' } });
    const first = await answerOf(running, frame);
    const again = await answerOf(running, frame);
    expect(again.sent).toEqual(first.sent);
    const other = dispatch({ prompt: 'Ho', model: 'small' }, { meta: { idempotency_key: 'once' } });
    expect((await answerOf(running, other)).sent).toMatchObject([
      { payload: { type: 'error', content: { code: 'EPROTO', details: { error: 'idempotency_mismatch' } } } },
    ]);
  });

  test('whose stream is aborted is cancelled upstream', async () => {
    const { answer, gone } = endless();
    const running = await startForTest(through((await upstream(answer)).base_url));
    const stream = new Recorded();
    stream.room = 2;
    submit(running, dispatch({ prompt: 'Hi', model: 'small' }), stream);
    await stream.full;
    stream.gone();
    await gone;
  });

  test('that fails within tells the error as the last message', async () => {
    const { base_url } = await upstream((_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(chunk({ role: 'assistant', content: 'One' }));
      res.end();
    });
    const running = await startForTest(through(base_url));
    const { sent } = await answerOf(running, dispatch({ prompt: 'Hi', model: 'small' }));
    expect(sent.at(-1)).toMatchObject({
      fin: true,
      payload: { type: 'error', content: { code: 'EAGENTDOWN', details: { error: 'stream_truncated' } } },
    });
  });
});

describe('what is no task', () => {
  test.each([
    ['another type', { ...dispatch({}), payload: { type: 'agent.log', content: 'x' } }, 'payload.type'],
    ['no task', dispatch(undefined), 'task'],
    ['a text', dispatch('Hi'), 'task'],
    ['bytes', dispatch({ prompt: new Uint8Array(1) }), 'task'],
    ['neither prompt nor messages', dispatch({ model: 'small' }), 'prompt'],
  ])('is refused: %s', async (_what, frame, param) => {
    const running = await startForTest();
    const stream = new Recorded();
    expect(() => submit(running, frame as Frame, stream)).toThrow(
      expect.objectContaining({ code: 'invalid_request', param }),
    );
    expect(stream.sent).toEqual([]);
  });
});
