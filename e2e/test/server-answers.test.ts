import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { standardConfig } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import type { Answered } from '../src/http.ts';
import { type Behaviour, textAnswer } from '../src/upstream/script.ts';

/** Answers of real servers that the documents of their shapes do not speak of. */
let rig: Rig;
beforeAll(async () => {
  rig = await startRig((upstream) => {
    const base = standardConfig(upstream);
    return {
      ...base,
      policies: [{ id: 'malformed', fallback: ['m-gemini-1', 'm-chat-2'] }],
    };
  });
});
afterAll(async () => {
  expect(await rig.router.outstanding()).toEqual([]);
  await rig.close();
});

const OK: Behaviour = { answer: textAnswer('fine') };

function chat(name: string, mark: string, more: object = {}): Promise<Answered> {
  return rig.router.ask('/v1/chat/completions', { model: name, messages: [{ role: 'user', content: mark }], ...more });
}

function messages(name: string, mark: string, more: object = {}): Promise<Answered> {
  const body = { model: name, max_tokens: 50, messages: [{ role: 'user', content: mark }], ...more };
  return rig.router.ask('/v1/messages', body);
}

function attemptsOf(answer: Answered): unknown[] {
  const ended = rig.router.books().ended.get(answer.header('x-atp-request-id') ?? '');
  return (ended?.attempts ?? []).map((a) => [a.provider, a.outcome]);
}

describe('the end of a stream', () => {
  const chunk = (delta: object, finish_reason: string | null): string =>
    `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason }] })}`;
  const text = `${chunk({ content: 'fine' }, null)}\n\n`;
  const line = (content: string, more: object): string =>
    JSON.stringify({
      model: 'm',
      created_at: '2026-11-01T00:00:00Z',
      message: { role: 'assistant', content },
      ...more,
    });
  const lines = `${line('fine', { done: false })}\n${line('', { done: true, done_reason: 'stop', prompt_eval_count: 11, eval_count: 7 })}`;

  test.each<[string, string, string]>([
    ['no blank line', 'm-chat', `${text}${chunk({}, 'stop')}\n\ndata: [DONE]\n`],
    ['no end of line', 'm-chat', `${text}${chunk({}, 'stop')}\n\ndata: [DONE]`],
    ['blank lines too many', 'm-chat', `${text}${chunk({}, 'stop')}\n\ndata: [DONE]\n\n\n`],
    ['words after the end mark', 'm-chat', `${text}${chunk({}, 'stop')}\n\ndata: [DONE]\n\ndata: bye`],
    ['no end mark, and no end of line', 'm-chat', `${text}${chunk({}, 'stop')}`],
    ['a last line without its end', 'm-ollama', lines],
  ])('%s is an end all the same (%s)', async (_name, target, body) => {
    const script = await rig.upstream.script({ body });
    const answer = await chat(target, script.mark, { stream: true });
    const got = await answer.text();
    expect(got).toContain('fine');
    expect(got).toContain('"finish_reason":"stop"');
    expect(got).not.toContain('"error"');
    // Clients read up to a blank line.
    expect(got.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(got.match(/\[DONE\]/g)).toHaveLength(1);
    expect(attemptsOf(answer)).toEqual([[target.slice(2), 'ok']]);
    const translated = await messages(target, (await rig.upstream.script({ body })).mark, { stream: true });
    expect(await translated.text()).toContain('event: message_stop');
  });

  test.each<[string, string, string]>([
    ['in the middle of a chunk', 'm-chat', `${text}data: {"choices":[{"delta":{"con`],
    ['after a whole chunk that is not the last', 'm-chat', `${text}${chunk({ content: '!' }, null)}`],
    ['in the middle of what follows the finish', 'm-chat', `${text}${chunk({}, 'stop')}\n\ndata: {"choices":[],"usa`],
    ['in the middle of a line', 'm-ollama', lines.slice(0, -20)],
  ])('%s is a cut (%s)', async (_name, target, body) => {
    const script = await rig.upstream.script({ body });
    const answer = await chat(target, script.mark, { stream: true });
    const got = await answer.text();
    expect(got).toContain('"code":"stream_truncated"');
    expect(got).not.toContain('[DONE]');
    expect(attemptsOf(answer)).toEqual([[target.slice(2), 'error']]);
  });
});

describe('an answer that is none', () => {
  const usage = { promptTokenCount: 20, candidatesTokenCount: 0, thoughtsTokenCount: 30, totalTokenCount: 50 };
  const failed = {
    candidates: [{ content: {}, finishReason: 'MALFORMED_FUNCTION_CALL', index: 0 }],
    usageMetadata: usage,
  };
  const whole: Behaviour = { body: JSON.stringify(failed) };
  const stream: Behaviour = { body: `data: ${JSON.stringify(failed)}\n\n` };

  test.each([false, true])('is asked for again, and is paid for (stream: %s)', async (is_stream) => {
    const script = await rig.upstream.script(is_stream ? stream : whole, OK);
    const answer = await chat('m-gemini', script.mark, { stream: is_stream });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('fine');
    const ended = rig.router.books().ended.get(answer.header('x-atp-request-id') ?? '');
    expect(ended?.attempts.map((a) => [a.outcome, a.usage.in_tokens, a.usage.out_tokens])).toEqual([
      ['error', 20, 30],
      ['ok', 11, 7],
    ]);
  });

  test.each([false, true])('sends the call to the next model when it comes again (stream: %s)', async (is_stream) => {
    const script = await rig.upstream.scriptBy({ gemini: [is_stream ? stream : whole], chat: [OK] });
    const answer = await chat('policy:malformed', script.mark, { stream: is_stream });
    expect(answer.header('x-atp-model')).toBe('m-chat-2');
    expect(await answer.text()).toContain('fine');
  });

  test('is an error for a client that has nobody else to ask', async () => {
    const script = await rig.upstream.script(whole);
    const answer = await messages('m-gemini-2', script.mark);
    expect(answer.status).toBe(502);
    expect(await answer.text()).toContain('upstream_error');
  });

  test('is an error also where thoughts have been shown', async () => {
    const thought = { candidates: [{ content: { parts: [{ text: 'hm', thought: true }] }, index: 0 }] };
    const frames = [`data: ${JSON.stringify(thought)}\n\n`, `data: ${JSON.stringify(failed)}\n\n`];
    const script = await rig.upstream.script({ frames, gates: [2] });
    const answer = await chat('m-gemini-3', script.mark, { stream: true });
    const request = await rig.upstream.next(script);
    expect(await answer.until(/hm/)).toContain('reasoning_content');
    request.step();
    const got = await answer.text();
    expect(got).toContain('"code":"upstream_error"');
    expect(got).not.toContain('[DONE]');
  });
});

describe('usage that a provider does not report', () => {
  const SILENT: Behaviour = { answer: { choices: [{ text: ['fine'], finish: 'stop' }] } };

  test.each(['m-chat', 'm-ollama'])('is counted and told in a chunk of its own (%s)', async (name) => {
    const script = await rig.upstream.script(SILENT);
    const answer = await chat(name, script.mark, { stream: true, stream_options: { include_usage: true } });
    const chunks = (await answer.text()).split('\n\n').filter((frame) => frame.startsWith('data: {'));
    const last = JSON.parse(chunks.at(-1)?.slice('data: '.length) ?? '{}') as Record<string, unknown>;
    expect(last).toMatchObject({ object: 'chat.completion.chunk', choices: [] });
    const ended = rig.router.books().ended.get(answer.header('x-atp-request-id') ?? '');
    expect(ended?.attempts[0]?.usage_source).toBe('counted');
    const { in_tokens = -1, out_tokens = -1 } = ended?.usage ?? {};
    expect(last['usage']).toMatchObject({ prompt_tokens: in_tokens, completion_tokens: out_tokens });
    expect(chunks.filter((frame) => frame.includes('"prompt_tokens"'))).toHaveLength(1);
  });

  test('is told to nobody who did not ask', async () => {
    const script = await rig.upstream.script(SILENT);
    const answer = await chat('m-chat', script.mark, { stream: true });
    expect(await answer.text()).not.toContain('"prompt_tokens"');
  });
});

test('a cancelled stream is billed for the prompt as Anthropic told it at the beginning', async () => {
  const usage = { in_tokens: 5_000, out_tokens: 7, cached_in_tokens: 4_000 };
  const script = await rig.upstream.script({ answer: { ...textAnswer('One', ' two'), usage }, gates: [' two'] });
  const answer = await messages('m-anthropic', script.mark, { stream: true });
  const request = await rig.upstream.next(script);
  await answer.until(/One/);
  answer.leave();
  await request.closed;
  expect(await rig.router.outstanding()).toEqual([]);
  const ended = rig.router.books().ended.get(answer.header('x-atp-request-id') ?? '');
  expect(ended?.attempts[0]).toMatchObject({
    outcome: 'cancelled',
    usage_source: 'counted',
    usage: { in_tokens: 5_000, cached_in_tokens: 4_000, out_tokens: 1 },
  });
});
