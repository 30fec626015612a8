import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secretOf } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';

/** What providers stream besides text, as official clients and readers of the raw bytes get it. */
let rig: Rig;
let client: OpenAI;
beforeAll(async () => {
  rig = await startRig();
  client = new OpenAI({ apiKey: secretOf('acme'), baseURL: `${rig.router.url}/v1`, maxRetries: 0 });
});
afterAll(async () => {
  expect(await rig.router.outstanding()).toEqual([]);
  await rig.close();
});

const named = (type: string, fields: object = {}): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;

const block = (index: number, content_block: object, ...deltas: object[]): string[] => [
  named('content_block_start', { index, content_block }),
  ...deltas.map((delta) => named('content_block_delta', { index, delta })),
  named('content_block_stop', { index }),
];

const message = (stop_reason: string, ...blocks: string[][]): string[] => {
  const usage = { input_tokens: 11, output_tokens: 1 };
  const head = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude', content: [], usage };
  const delta = { stop_reason, stop_sequence: null };
  return [
    named('message_start', { message: head }),
    ...blocks.flat(),
    named('message_delta', { delta, usage: { output_tokens: 7 } }),
    named('message_stop'),
  ];
};

describe('thinking of Claude', () => {
  const begun = { type: 'thinking', thinking: '', signature: '' };
  const shown = [{ type: 'thinking_delta', thinking: 'Hm' }];
  const signed = { type: 'signature_delta', signature: 'c2ln' };
  const text = (index: number): string[] =>
    block(index, { type: 'text', text: '' }, { type: 'text_delta', text: 'Done.' });

  test.each([
    ['shown', shown, ['Hm']],
    ['not shown', [], []],
  ])('that is %s is told in parts that begin and end once', async (_name, deltas, summary) => {
    const script = await rig.upstream.script({
      frames: message('end_turn', block(0, begun, ...deltas, signed), text(1)),
    });
    const stream = client.responses.stream({ model: 'm-anthropic', input: script.mark, store: false });
    const types: string[] = [];
    stream.on('event', ({ type }) => void types.push(type));
    const final = await stream.finalResponse();
    expect(final.output_text).toBe('Done.');
    const told = final.output.flatMap((item) => (item.type === 'reasoning' ? item.summary : []));
    expect(told.map((part) => part.text)).toEqual(summary);
    for (const type of ['part.added', 'text.delta', 'text.done', 'part.done']) {
      expect(types.filter((one) => one === `response.reasoning_summary_${type}`)).toHaveLength(summary.length);
    }
  });

  test('is no empty chunk of ask', async () => {
    const script = await rig.upstream.script({ frames: message('end_turn', block(0, begun, signed), text(1)) });
    const answer = await rig.router.ask('/v1/ask', { model: 'm-anthropic', prompt: script.mark, stream: true });
    const chunks = (await answer.text()).split('\n\n').filter((frame) => frame.startsWith('event: chunk'));
    expect(chunks).toHaveLength(1);
    expect(chunks[0]).toContain('"delta":"Done."');
  });
});

describe('what only one shape can say is relayed as it comes, and counted', () => {
  const chunk = (delta: object): string =>
    `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: null }] })}\n\n`;
  const custom = { index: 0, id: 'c', type: 'custom', custom: { name: 'sql', input: 'SELECT 1 FROM t' } };
  const search = { type: 'server_tool_use', id: 'srv_1', name: 'web_search', input: {} };
  const query = { type: 'input_json_delta', partial_json: '{"query":"the news of today"}' };
  const picture = { output_index: 0, partial_image_index: 0, partial_image_b64: 'iVBORw0K'.repeat(1_000) };
  const call = { output_index: 0, item_id: 'ctc_1', delta: 'SELECT 1 FROM t' };

  test.each<[string, string, string[], RegExp, number]>([
    ['sound', 'chat', [chunk({ audio: { id: 'a', transcript: 'Hello there' } })], /Hello there/, 3],
    ['sound without words', 'chat', [chunk({ audio: { data: 'UklGRg=='.repeat(800) } })], /UklGRg==/, 2],
    ['a custom tool of chat', 'chat', [chunk({ tool_calls: [custom] })], /SELECT 1/, 5],
    ['a custom tool', 'responses', [named('response.custom_tool_call_input.delta', call)], /SELECT 1/, 4],
    ['a picture', 'responses', [named('response.image_generation_call.partial_image', picture)], /iVBORw0K/, 3],
    ['a search', 'anthropic', [...message('end_turn', block(0, search, query)).slice(0, 3)], /the news/, 10],
  ])('%s (%s)', async (_name, provider, frames, seen, out_tokens) => {
    const last = frames.length + 1;
    const script = await rig.upstream.script({ frames: [...frames, ': the rest\n\n'], gates: [last] });
    const prompt = { messages: [{ role: 'user', content: script.mark }], max_tokens: 100 };
    const [path, body] =
      provider === 'chat'
        ? ['/v1/chat/completions', prompt]
        : provider === 'anthropic'
          ? ['/v1/messages', prompt]
          : ['/v1/responses', { input: script.mark }];
    const answer = await rig.router.ask(path, { model: `m-${provider}`, stream: true, ...body });
    const request = await rig.upstream.next(script);
    await answer.until(seen);
    answer.leave();
    await request.closed;
    expect(await rig.router.outstanding()).toEqual([]);
    const ended = rig.router.books().ended.get(answer.header('x-atp-request-id') ?? '');
    expect(ended?.attempts[0]).toMatchObject({ outcome: 'cancelled', usage: { out_tokens } });
  });

  test('also what says nothing to the router, when there is too much of it', async () => {
    const frames = Array.from({ length: 20 }, (_, i) => named('later_event', { i, filler: 'x'.repeat(4_000) }));
    const script = await rig.upstream.script({ frames: [...frames, ': the rest\n\n'], gates: [21] });
    const body = {
      model: 'm-anthropic',
      max_tokens: 9,
      stream: true,
      messages: [{ role: 'user', content: script.mark }],
    };
    const answer = await rig.router.ask('/v1/messages', body);
    const request = await rig.upstream.next(script);
    expect(await answer.until(/"i":19/)).toContain('later_event');
    answer.leave();
    await request.closed;
  });
});

test('a message without its end mark is whole for the official client', async () => {
  const frames = message('end_turn', block(0, { type: 'text', text: '' }, { type: 'text_delta', text: 'Done.' }));
  const script = await rig.upstream.script({ frames: frames.slice(0, -1) });
  const anthropic = new Anthropic({ apiKey: secretOf('acme'), baseURL: rig.router.url, maxRetries: 0 });
  const messages = [{ role: 'user' as const, content: script.mark }];
  const stream = anthropic.messages.stream({ model: 'm-anthropic', max_tokens: 50, messages });
  const final = await stream.finalMessage();
  expect(final).toMatchObject({ content: [{ text: 'Done.' }], stop_reason: 'end_turn', usage: { output_tokens: 7 } });
});

describe('events of Responses', () => {
  const numbered = (sequence_number: number, type: string, fields: object = {}): string =>
    named(type, { sequence_number, ...fields });

  test.each(['responses', 'anthropic'])(
    'an error in the middle is the next in their sequence (%s)',
    async (provider) => {
      const begun = [numbered(0, 'response.created', { response: { id: 'r', status: 'in_progress' } })];
      const frames =
        provider === 'responses'
          ? [...begun, numbered(1, 'response.output_text.delta', { output_index: 0, delta: '"sequence_number":99' })]
          : message('end_turn', block(0, { type: 'text', text: '' }, { type: 'text_delta', text: 'One' })).slice(0, 3);
      const script = await rig.upstream.script({ frames });
      const answer = await rig.router.ask('/v1/responses', {
        model: `m-${provider}`,
        input: script.mark,
        stream: true,
      });
      const events = [...(await answer.text()).matchAll(/^data: (.*)$/gm)].map(
        ([, data]) => JSON.parse(data ?? '') as { type: string; sequence_number: number },
      );
      expect(events.at(-1)?.type).toBe('error');
      expect(events.map((event) => event.sequence_number)).toEqual(events.map((_event, i) => i));
      expect(events.length).toBeGreaterThan(2);
    },
  );

  test('an answer that is complete says since when', async () => {
    const script = await rig.upstream.script({});
    const before = Math.floor(Date.now() / 1_000);
    const body = { model: 'm-anthropic', input: script.mark, store: false };
    const plain = await client.responses.create(body);
    const streamed = await client.responses.stream(body).finalResponse();
    for (const { completed_at } of [plain, streamed]) {
      expect(completed_at).toBeGreaterThanOrEqual(before);
      expect(completed_at).toBeLessThanOrEqual(Math.ceil(Date.now() / 1_000));
    }
  });
});
