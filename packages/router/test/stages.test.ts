import type { Stage, StageRun, StageSummary } from '@atp-router/call';
import type { GenEvent, GenRequest } from '@atp-router/dialects';
import { AtpError } from '@atp-router/kernel';
import { beforeEach, describe, expect, test } from 'vitest';
import { startForTest } from './admin/harness.ts';
import type { Block } from './admin/http.ts';
import { type Answer, chunk, upstream } from './admin/upstream.ts';

type S = Stage<GenRequest, GenEvent>;

/** What each run was told of its end, and how often requests were seen. */
const ends: { readonly model: string; readonly end: StageSummary }[] = [];
let requests = 0;
beforeEach(() => {
  ends.length = 0;
  requests = 0;
});

const learner = (body: 'observe' | 'rewrite'): S => ({
  id: 'learner',
  claims: () => ({ request: true, body }),
  open: () => ({
    onRequest: () => {
      requests += 1;
      return { kind: 'pass' };
    },
    openRun: ({ model }): StageRun<GenEvent> => ({
      onEnd: (end) => {
        ends.push({ model, end });
        return { kind: 'pass' };
      },
    }),
  }),
});

/** Puts the name of its model before an answer. */
const banner: S = {
  id: 'banner',
  claims: () => ({ request: false, body: 'rewrite' }),
  open: () => ({
    openRun: ({ model }) => ({
      onChunk: (event) =>
        event.type === 'start'
          ? { kind: 'replace', chunks: [event, { type: 'text', choice: 0, delta: `[${model}]` }] }
          : { kind: 'pass' },
    }),
  }),
};

/** Holds an answer until it reaches a full stop. */
const sentences: S = {
  id: 'sentences',
  claims: () => ({ request: false, body: 'rewrite' }),
  open: () => ({
    openRun: () => ({
      onChunk: (event) => ({ kind: event.type === 'text' && event.delta.endsWith('.') ? 'pass' : 'hold' }),
    }),
  }),
};

const good: Answer = (_req, res) => {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  res.end(
    `${chunk({ role: 'assistant', content: 'Good' })}${chunk({ content: ' answer.' })}${chunk({}, 'stop')}data: [DONE]\n\n`,
  );
};

/** Says something and fails, all in one piece: nobody has chosen its answer yet. */
const failing: Answer = (_req, res) => {
  const error = JSON.stringify({ error: { message: 'it broke', type: 'server_error' } });
  const body = `${chunk({ role: 'assistant', content: 'Secret' })}data: ${error}\n\n`;
  res.writeHead(200, { 'content-type': 'text/event-stream', 'content-length': body.length });
  res.end(body);
};

/** Begins and says nothing. */
const silent: Answer = (_req, res) => {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  res.write(chunk({ role: 'assistant' }));
};

/** The model `a` does as told, and `b` answers well. */
async function two(a: Answer, policy: object, b: Answer = good): Promise<Record<string, unknown>> {
  const price = { in_usd_per_mtok: 1, out_usd_per_mtok: 2 };
  const of = async (id: string, answer: Answer): Promise<[object, object]> => {
    const { base_url } = await upstream(answer);
    const provider = { id: `p-${id}`, type: 'openai', base_url, api_key: 'x', retry: { max_attempts: 1 } };
    return [
      provider,
      { id, provider: `p-${id}`, upstream_model: 'gpt-x', context: 1_000, capabilities: ['chat'], price },
    ];
  };
  const [one, other] = [await of('a', a), await of('b', b)];
  return {
    providers: [one[0], other[0]],
    models: [one[1], other[1]],
    policies: [{ id: 'x', fallback: ['a', 'b'], ...policy }],
  };
}

function textOf(blocks: readonly Block[]): string {
  const deltas = blocks.map(({ data }) => /"content":"([^"]*)"/.exec(data)?.[1] ?? '');
  return deltas.join('');
}

test.each<[string, object | undefined, number]>([
  ['counted by the router', undefined, 11],
  ['reported by the provider', { prompt_tokens: 3, completion_tokens: 40, total_tokens: 43 }, 40],
])('what an upstream has sent beside what a stage refuses is billed as well: %s', async (_name, usage, out_tokens) => {
  const refuses: S = {
    id: 'refuses',
    claims: () => ({ request: false, body: 'rewrite' }),
    open: () => ({
      openRun: () => ({
        onChunk: (event) =>
          event.type === 'text' && event.delta === 'No.'
            ? { kind: 'abort', error: new AtpError('policy_denied', 'Not this one.') }
            : { kind: 'pass' },
      }),
    }),
  };
  const words = ['No.', 'x'.repeat(40)].map((content) => chunk({ content })).join('');
  const report = usage === undefined ? '' : `data: ${JSON.stringify({ choices: [], usage })}\n\n`;
  const body = `${words}${chunk({}, 'stop')}${report}data: [DONE]\n\n`;
  const at_once: Answer = (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream', 'content-length': body.length });
    res.end(body);
  };
  const running = await startForTest(await two(at_once, {}), { stages: [learner('rewrite'), refuses] });
  const answer = await running.chatStream({ model: 'a' });
  expect((await answer.rest()).map(({ data }) => data).join()).not.toContain('No.');
  expect(ends).toMatchObject([{ end: { outcome: 'error', error: 'policy_denied', out_tokens } }]);
});

describe('each attempt has its own run of the stages', () => {
  test('what was held of a failed attempt is not in the answer of its fallback', async () => {
    const running = await startForTest(await two(failing, {}), { stages: [learner('rewrite'), banner, sentences] });
    const answer = await running.chatStream({ model: 'policy:x' });
    expect(textOf(await answer.rest())).toBe('[b]Good answer.');
    expect(requests).toBe(1);
    expect(ends).toMatchObject([
      { model: 'a', end: { outcome: 'error', won: false, error: 'upstream_error', out_tokens: 2 } },
      { model: 'b', end: { outcome: 'ok', won: true } },
    ]);
    const [lost, won] = ends;
    expect(lost?.end.cost_usd_micros).toBeGreaterThan(0);
    expect(won?.end.latency_ms).toBeGreaterThan(0);
  });

  test('what was held of a hedge that lost is not in the answer of the one that won', async () => {
    const begun = Promise.withResolvers<void>();
    const watch: S = {
      id: 'watch',
      claims: () => ({ request: false, body: 'observe' }),
      open: () => ({
        openRun: ({ model }) => ({
          onChunk: () => {
            if (model === 'a') begun.resolve();
            return { kind: 'pass' };
          },
        }),
      }),
    };
    const second: Answer = (req, res) => void begun.promise.then(() => good(req, res));
    const running = await startForTest(await two(silent, { hedge_after_ms: 1 }, second), {
      stages: [learner('rewrite'), watch, banner, sentences],
    });
    const answer = await running.chatStream({ model: 'policy:x' });
    expect(textOf(await answer.rest())).toBe('[b]Good answer.');
    expect(requests).toBe(1);
    expect(ends).toMatchObject([
      { model: 'a', end: { outcome: 'cancelled', won: false, error: undefined } },
      { model: 'b', end: { outcome: 'ok', won: true } },
    ]);
  });

  test('a client that leaves ends the run of the answer that it had', async () => {
    const slow: Answer = (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(chunk({ role: 'assistant', content: 'One.' }));
    };
    const running = await startForTest(await two(slow, {}), { stages: [learner('observe')] });
    const answer = await running.chatStream({ model: 'a' });
    await answer.next((block) => block.data.includes('One.'));
    answer.close();
    await expect.poll(() => ends).toMatchObject([{ model: 'a', end: { outcome: 'cancelled', won: true } }]);
  });

  test.each([true, false])('observers of untouched bytes hear of the end (stream %s)', async (stream) => {
    const running = await startForTest({}, { stages: [learner('observe')] });
    if (stream) await (await running.chatStream({})).rest();
    else await running.chat({});
    expect(ends).toMatchObject([{ model: 'small', end: { outcome: 'ok', won: true } }]);
    expect(ends[0]?.end.out_tokens).toBeGreaterThan(0);
  });

  test.each([true, false])('a refusal at the very end is an error for those behind (stream %s)', async (stream) => {
    const error = new AtpError('policy_denied', 'Not this one.');
    const refuses: S = {
      id: 'refuses',
      claims: () => ({ request: false, body: 'rewrite' }),
      open: () => ({ openRun: () => ({ onEnd: () => ({ kind: 'abort', error }) }) }),
    };
    const running = await startForTest({}, { stages: [refuses, learner('rewrite')] });
    const text = stream ? (await (await running.chatStream({})).rest()).at(-1)?.data : (await running.chat({})).text;
    expect(text).toContain('Not this one.');
    expect(ends).toMatchObject([{ end: { outcome: 'error', won: true, error: 'policy_denied' } }]);
  });
});
