import Anthropic from '@anthropic-ai/sdk';
import { createOpenAI } from '@ai-sdk/openai';
import { streamText } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secretOf, standardConfig } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { textAnswer } from '../src/upstream/script.ts';

/** So often that comments stand before and between all events of an answer that comes step by step. */
const KEEP_ALIVE_MS = 5;

let rig: Rig;
beforeAll(async () => {
  rig = await startRig((upstream) => standardConfig(upstream, { limits: { keep_alive_ms: KEEP_ALIVE_MS } }));
});
afterAll(async () => {
  expect(await rig.router.outstanding()).toEqual([]);
  await rig.close();
});

const WORDS = ['One', ' two', ' three'];
const say = (content: string): { role: 'user'; content: string }[] => [{ role: 'user', content }];

/** How each client reads the text of a stream. `began` is called when it has the head of the answer. */
const CLIENTS: Readonly<Record<string, (mark: string, began: () => void) => Promise<string>>> = {
  'openai chat': async (mark, began) => {
    const stream = await openai().chat.completions.create({ model: 'm-gemini', messages: say(mark), stream: true });
    began();
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    return text;
  },
  'openai responses': async (mark, began) => {
    const stream = await openai().responses.create({ model: 'm-anthropic', input: mark, stream: true });
    began();
    let text = '';
    for await (const event of stream) if (event.type === 'response.output_text.delta') text += event.delta;
    return text;
  },
  anthropic: async (mark, began) => {
    const client = new Anthropic({ apiKey: secretOf('acme'), baseURL: rig.router.url, maxRetries: 0 });
    const body = { model: 'm-anthropic', max_tokens: 50, messages: say(mark) };
    const stream = client.messages.stream(body);
    stream.once('connect', began);
    return await stream.finalText();
  },
  'vercel ai': async (mark, began) => {
    const provider = createOpenAI({ baseURL: `${rig.router.url}/v1`, apiKey: secretOf('acme') });
    const answer = streamText({ model: provider.chat('m-chat'), prompt: mark, maxRetries: 0 });
    began();
    return await answer.text;
  },
};

function openai(): OpenAI {
  return new OpenAI({ apiKey: secretOf('acme'), baseURL: `${rig.router.url}/v1`, maxRetries: 0 });
}

describe.each(Object.entries(CLIENTS))('%s', (_name, read) => {
  test('reads past the comments before and within an answer', async () => {
    const script = await rig.upstream.script({ answer: textAnswer(...WORDS), gates: [0, ...WORDS], pace_ms: 15 });
    const began = Promise.withResolvers<void>();
    const text = read(script.mark, () => began.resolve());
    const request = await rig.upstream.next(script);
    // The provider has said nothing yet, and the client has the head of its answer.
    await began.promise;
    request.step(20);
    expect(await text).toBe(WORDS.join(''));
  });
});

test('comments stand between the events of such an answer', async () => {
  const script = await rig.upstream.script({ answer: textAnswer(...WORDS), gates: [0, ...WORDS] });
  const body = { model: 'm-chat', stream: true, messages: say(script.mark) };
  const answer = await rig.router.ask('/v1/chat/completions', body);
  const request = await rig.upstream.next(script);
  await answer.until(/^: keep-alive\n\n/);
  request.step(2);
  await answer.until(/One[\s\S]*\n\n: keep-alive\n\n/);
  request.step(20);
  expect(await answer.text()).toContain('[DONE]');
});
