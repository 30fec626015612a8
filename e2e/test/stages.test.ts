import { join } from 'node:path';
import { checkConfig } from '@atp-router/adapters';
import type { CallStage, ChunkVerdict, Stage, StageClaim, StageRun } from '@atp-router/call';
import type { GenEvent, GenRequest } from '@atp-router/dialects';
import { AtpError } from '@atp-router/kernel';
import { createRouter, type Router } from '@atp-router/router';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secretOf, standardConfig } from '../src/config.ts';
import { makeTempDir, removeDir } from '../src/harness.ts';
import { type Answered, ask } from '../src/http.ts';
import { textAnswer } from '../src/upstream/script.ts';
import { Upstream } from '../src/upstream/upstream.ts';

type S = Stage<GenRequest, GenEvent>;

/** Stages are code, so the routers of these tests run in this process; the upstream is another one as always. */
let dir: string;
let upstream: Upstream;
let plain: Router;
let staged: Router;

/** What the one stage of the second router does at the moment. */
const now: { stage: S | undefined } = { stage: undefined };
const STAGE: S = {
  id: 'test',
  claims: (call) => now.stage?.claims(call) ?? { request: false, body: 'none' },
  open: (call) => now.stage?.open(call) ?? {},
};

beforeAll(async () => {
  dir = makeTempDir();
  upstream = await Upstream.start(dir);
  plain = await start('plain');
  staged = await start('staged', STAGE);
});
afterAll(async () => {
  await plain.stop('test');
  await staged.stop('test');
  await upstream.stop();
  removeDir(dir);
});

function start(name: string, ...stages: readonly S[]): Promise<Router> {
  const none = (): undefined => undefined;
  const sources = { env: none, file: none };
  const data_dir = join(dir, name);
  const text = JSON.stringify(standardConfig(upstream, { data_dir, limits: { hold_back_bytes: 1_000 } }));
  const checked = checkConfig(text, sources, { base_dir: dir });
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return createRouter({ config: checked.config, version: '0.0.0-e2e', sources, stages });
}

/** From now on; undefined asks the router that has no stages at all. */
function use(stage: S | undefined): void {
  now.stage = stage;
}

type Both = Pick<CallStage<GenRequest, GenEvent>, 'onRequest'> & StageRun<GenEvent>;

/** A stage of which each call and each of its attempts gets its own. */
function stage(claim: StageClaim, make: () => Both): S {
  return { id: 'test', claims: () => claim, open: () => ({ ...make(), openRun: make }) };
}

const REWRITE: StageClaim = { request: false, body: 'rewrite' };

function call(mark: string, stream: boolean, model = 'm-chat'): Promise<Answered> {
  const body = {
    model,
    stream,
    ...(stream ? { stream_options: { include_usage: true } } : {}),
    messages: [{ role: 'user', content: mark }],
  };
  const { port } = (now.stage === undefined ? plain : staged).server.address;
  return ask({ port, path: '/v1/chat/completions', key: secretOf('acme'), body });
}

async function textOf(answer: Answered): Promise<string> {
  return [...(await answer.text()).matchAll(/"content":"((?:[^"\\]|\\.)*)"/g)].map((m) => m[1]).join('');
}

/** Frames as no codec of ours would write them: what reaches the client can only be what was sent. */
const chunk = (delta: string, more = ''): string =>
  `{ "id" :"x1","object":"chat.completion.chunk","created":1,"model":"odd",  "choices":[{"delta":${delta},"index":0${more}}],"vendor":[1,2] }`;
const ODD_FRAMES: readonly string[] = [
  ': a comment\n\n',
  `id: 7\ndata:${chunk('{"role":"assistant","content":""}')}\n\n`,
  `data: ${chunk('{"content":"Grüße \\u00e9"}')}\r\n\r\n`,
  `event: message\nretry: 10\ndata: ${chunk('{"content":" — 東京"}')}\n\n`,
  `data: ${chunk('{}', ',"finish_reason":"stop"')}\n\n`,
  'data: {"id":"x1","object":"chat.completion.chunk","created":1,"model":"odd","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}\n\n',
  'data: [DONE]\n\n',
];
const FINISH_AT = 4;

const observed: string[] = [];
const observer = stage({ request: true, body: 'observe' }, () => ({
  onRequest: () => ({ kind: 'pass' }),
  onChunk: (event): ChunkVerdict<GenEvent> => {
    observed.push(event.type === 'text' ? event.delta : event.type);
    return { kind: 'abort', error: new AtpError('policy_denied', 'an observer changes nothing') };
  },
}));

describe('nobody claims the body', () => {
  test.each<[string, S | undefined]>([
    ['no stage', undefined],
    ['a stage that wants nothing', stage({ request: false, body: 'none' }, () => ({}))],
    ['a stage that only reads the request', stage({ request: true, body: 'none' }, () => ({}))],
    ['an observer', observer],
  ])('%s: the bytes of a stream are relayed as they came', async (_name, one) => {
    use(one);
    observed.length = 0;
    const script = await upstream.script({ frames: ODD_FRAMES, slice_bytes: 23 });
    const answer = await call(script.mark, true);
    const got = await answer.bytes();
    // All but the frame of the finish, which carries the cost.
    const before = Buffer.from(ODD_FRAMES.slice(0, FINISH_AT).join(''));
    const after = Buffer.from(ODD_FRAMES.slice(FINISH_AT + 1).join(''));
    expect(got.subarray(0, before.length).equals(before)).toBe(true);
    expect(got.subarray(got.length - after.length).equals(after)).toBe(true);
    const finish = got.subarray(before.length, got.length - after.length).toString();
    expect(JSON.parse(finish.slice('data: '.length))).toMatchObject({
      vendor: [1, 2],
      choices: [{ finish_reason: 'stop' }],
      atp: { cost_usd_micros: 11 },
    });
    if (one === observer) expect(observed.join('')).toContain('Grüße é — 東京');
  });

  test('a whole answer too', async () => {
    use(observer);
    const body =
      '{ "id":"x",  "object":"chat.completion","created":1,"model":"odd","choices":[{"index":0,"message":{"role":"assistant","content":"Hi \\u00e9"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2},"vendor":{} }\n';
    const script = await upstream.script({ body });
    expect(await (await call(script.mark, false)).text()).toBe(body);
  });
});

/** Both ways of answering, and a provider of the same and of another shape. */
const WAYS = [true, false].flatMap((stream) => ['m-chat', 'm-anthropic'].map((model) => [stream, model] as const));

describe.each(WAYS)('a stage that claims the body (stream %s, %s)', (stream, model) => {
  const answer = textAnswer('one', ' two', ' three');

  test('replace: the client gets other words', async () => {
    use(
      stage(REWRITE, () => ({
        onChunk: (event) =>
          event.type === 'text'
            ? { kind: 'replace', chunks: [{ ...event, delta: event.delta.toUpperCase() }] }
            : { kind: 'pass' },
      })),
    );
    const script = await upstream.script({ answer });
    expect(await textOf(await call(script.mark, stream, model))).toBe('ONE TWO THREE');
  });

  test('hold: nothing goes out until the stage lets it', async () => {
    const held: string[] = [];
    use(
      stage(REWRITE, () => ({
        onChunk: (event) => {
          if (event.type !== 'text') return { kind: 'pass' };
          held.push(event.delta);
          return held.length < 3 ? { kind: 'hold' } : { kind: 'pass' };
        },
      })),
    );
    const script = await upstream.script({ answer });
    expect(await textOf(await call(script.mark, stream, model))).toBe('one two three');
  });

  test('hold beyond the bound ends the call', async () => {
    use(stage(REWRITE, () => ({ onChunk: () => ({ kind: 'hold' }) })));
    const script = await upstream.script({ answer: textAnswer('x'.repeat(600), 'y'.repeat(600)) });
    const text = await (await call(script.mark, stream, model)).text();
    expect(text).toContain('held back more than 1000 bytes');
    expect(text).not.toContain('xxx');
    expect(text).not.toContain('[DONE]');
  });

  test('what is held at the end goes out', async () => {
    use(stage(REWRITE, () => ({ onChunk: (event) => (event.type === 'text' ? { kind: 'hold' } : { kind: 'pass' }) })));
    const script = await upstream.script({ answer });
    expect(await textOf(await call(script.mark, stream, model))).toBe('one two three');
  });

  test('abort: the client gets the stage’s error, and the upstream is left', async () => {
    use(
      stage(REWRITE, () => ({
        onChunk: (event): ChunkVerdict<GenEvent> =>
          event.type === 'text' && event.delta === ' two'
            ? { kind: 'abort', error: new AtpError('policy_denied', 'The guard said no.') }
            : { kind: 'pass' },
      })),
    );
    const gates = stream ? { gates: [' three'] } : {};
    const script = await upstream.script({ answer: stream ? answer : textAnswer(' two'), ...gates });
    const got = await call(script.mark, stream, model);
    const text = await got.text();
    expect(text).toContain('The guard said no.');
    expect(text).not.toContain('two');
    expect(text).not.toContain('[DONE]');
    const request = await upstream.next(script);
    expect((await request.closed).by).toBe(stream ? 'peer' : 'complete');
    expect(await upstream.untaken(script)).toEqual([]);
  });

  test('the last word: a stage adds text after the end', async () => {
    use(
      stage(REWRITE, () => ({
        onEnd: () => ({ kind: 'append', chunks: [{ type: 'text', choice: 0, delta: ' (checked)' }] }),
      })),
    );
    const script = await upstream.script({ answer });
    expect(await textOf(await call(script.mark, stream, model))).toBe('one two three (checked)');
  });
});

describe('a stage that claims the request', () => {
  test('replaces it', async () => {
    use(
      stage({ request: true, body: 'none' }, () => ({
        onRequest: (request) => ({
          kind: 'replace',
          request: { ...request, system: [{ type: 'text', text: 'Added by a stage.' }] },
        }),
      })),
    );
    for (const model of ['m-chat', 'm-gemini']) {
      const script = await upstream.script({ answer: textAnswer('ok') });
      expect(await textOf(await call(script.mark, true, model))).toBe('ok');
      expect((await upstream.next(script)).seen.body).toContain('Added by a stage.');
    }
  });

  test('refuses it: nothing was asked, nothing was billed', async () => {
    const error = new AtpError('policy_denied', 'Not this prompt.');
    use(stage({ request: true, body: 'none' }, () => ({ onRequest: () => ({ kind: 'abort', error }) })));
    const script = await upstream.script({ answer: textAnswer('ok') });
    const answer = await call(script.mark, false);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('Not this prompt.');
    expect(await upstream.untaken(script)).toEqual([]);
  });
});
