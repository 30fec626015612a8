import { isJsonObject, type JsonObject } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import {
  anthropicMessages,
  type Dialect,
  foldEvents,
  type Frame,
  type GenEvent,
  openaiChat,
  openaiResponses,
} from '../../src/index.ts';
import { anthropicStream, openaiStream, responsesStream } from './sdk.ts';
import { ATP, decodeStream, fixtureBytes, framesOf } from './wire.ts';

const USAGE = { in_tokens: 3, out_tokens: 5, cached_in_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 };
const text = (frames: readonly Frame[]): string => frames.map(({ raw }) => new TextDecoder().decode(raw)).join('');
const events = (dialect: Dialect, stream: string): GenEvent[] =>
  decodeStream(dialect, [new TextEncoder().encode(stream)]);

interface Ended {
  readonly relayed: string;
  readonly whole: string;
}

/** The stream of a fixture, ended by the router at each place where it has begun and not finished. */
function endings(dialect: Dialect, path: string, n = 1): Ended[] {
  const frames = framesOf('sse', [fixtureBytes(`${dialect.id}/${path}.sse`)]);
  const decoder = dialect.streamDecoder();
  const is_end = frames.map((frame) => decoder.push(frame).some(({ type }) => type === 'finish' || type === 'error'));
  const last = is_end.indexOf(true);
  return frames.slice(1, last < 0 ? undefined : last + 1).map((_frame, i) => {
    const before = frames.slice(0, i + 1);
    const early = dialect.passThrough.earlyEnd({ n, include_usage: true });
    for (const frame of before) early.relayed(frame);
    return { relayed: text(before), whole: text(before) + early.write(ATP, USAGE) };
  });
}

describe('a stream that is relayed as it comes and ended before its time', () => {
  test.each(['plain', 'tools', 'reasoning', 'refusal', 'interleaved'])('openai-chat: %s', async (path) => {
    for (const { relayed, whole } of endings(openaiChat, path)) {
      const parts = foldEvents(events(openaiChat, relayed)).choices[0]?.parts ?? [];
      expect(foldEvents(events(openaiChat, whole)).choices[0]).toMatchObject({ finish: 'length', parts });
      expect(whole.endsWith('data: [DONE]\n\n')).toBe(true);
    }
    const { whole = '' } = endings(openaiChat, path).at(-1) ?? {};
    const answer = await openaiStream(whole);
    expect(answer.choices[0]?.finish_reason).toBe('length');
    expect(answer.usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 5 });
    expect(whole).toContain('"atp":{"request_id":"req_1"');
  });

  test('openai-chat: each choice that has not finished does', () => {
    const { whole = '' } = endings(openaiChat, 'choices', 2).at(-1) ?? {};
    expect(foldEvents(events(openaiChat, whole)).choices.map(({ finish }) => finish)).toEqual(['length', 'length']);
  });

  test.each(['plain', 'tools', 'thinking', 'hosted', 'cut'])('anthropic-messages: %s', async (path) => {
    for (const { whole } of endings(anthropicMessages, path)) {
      const message = await anthropicStream(whole);
      expect(message).toMatchObject({ stop_reason: 'max_tokens', usage: { input_tokens: 3, output_tokens: 5 } });
      const count = (type: string): number => whole.split(`event: ${type}\n`).length - 1;
      expect(count('content_block_stop')).toBe(count('content_block_start'));
      expect([count('message_delta'), count('message_stop')]).toEqual([1, 1]);
    }
  });

  test.each(['plain', 'tools', 'hosted', 'logprobs', 'open-responses', 'cut'])('openai-responses: %s', async (path) => {
    for (const { relayed, whole } of endings(openaiResponses, path)) {
      const told = framesOf('sse', [new TextEncoder().encode(whole)]).map(({ data }) => JSON.parse(data) as JsonObject);
      const count = (name: string): number => told.filter(({ type }) => type === `response.${name}`).length;
      for (const what of ['output_item', 'content_part', 'reasoning_summary_part']) {
        // That server leaves parts open itself.
        if (what === 'output_item' || path !== 'open-responses') {
          expect(count(`${what}.done`)).toBe(count(`${what}.added`));
        }
      }
      const { response } = told.at(-1) ?? {};
      const answer = openaiResponses.decodeResponse(isJsonObject(response) ? response : {});
      expect(answer).toMatchObject({ choices: [{ finish: 'length' }], usage: USAGE });
      // The closing event repeats what was streamed.
      const streamed = foldEvents(events(openaiResponses, relayed)).choices[0]?.parts ?? [];
      const words = (parts: readonly object[]): string => JSON.stringify(parts.map(said).filter((one) => one !== ''));
      expect(words(answer.choices[0]?.parts ?? [])).toBe(words(streamed));
    }
    // The official client cannot read that server, whoever ends its stream.
    if (path === 'open-responses') return;
    const { whole = '' } = endings(openaiResponses, path).at(-1) ?? {};
    expect(await responsesStream(whole)).toMatchObject({ status: 'incomplete', atp: ATP });
  });

  test('openai-responses: the numbers of the events go on', () => {
    const { whole = '' } = endings(openaiResponses, 'plain').at(-1) ?? {};
    const numbers = [...whole.matchAll(/"sequence_number":(\d+)/g)].map(([, digits]) => Number(digits));
    expect(numbers).toEqual(numbers.map((_number, i) => i));
  });
});

function said(part: object): string {
  const { text: words, args_json } = part as { text?: string; args_json?: string };
  return (words ?? args_json ?? '').trim();
}
