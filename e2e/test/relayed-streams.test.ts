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
