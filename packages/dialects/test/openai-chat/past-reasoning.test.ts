import type { JsonObject } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { type EndpointTraits, openaiChat } from '../../src/index.ts';
import { context } from '../shared/wire.ts';

const OPENAI: EndpointTraits = { is_openai: true, max_tokens_field: 'max_completion_tokens' };
const COMPATIBLE: EndpointTraits = { is_openai: false, max_tokens_field: 'max_tokens' };

const user = (content: string): JsonObject => ({ role: 'user', content });
const says = (content: string | null, more: JsonObject = {}): JsonObject => ({ role: 'assistant', content, ...more });
const reasons = (text: string): JsonObject => ({ reasoning_content: text });
const calls = (id: string, more: JsonObject = {}): JsonObject => ({
  tool_calls: [{ id, type: 'function', function: { name: 'f', arguments: '{}' }, ...more }],
});
const result = (tool_call_id: string): JsonObject => ({ role: 'tool', tool_call_id, content: 'sun' });

/** A round with a tool call, one without, and one that has just begun. */
const HISTORY: JsonObject[] = [
  user('Weather?'),
  says(null, { ...reasons('look it up'), ...calls('call_1') }),
  result('call_1'),
  says('Sunny.', reasons('the tool says so')),
  user('Thanks'),
  says('Welcome.', reasons('be polite')),
  user('And there?'),
];

interface Sent {
  readonly thoughts: readonly string[];
  readonly ignored: readonly string[];
}

const thoughtsIn = (body: JsonObject): string[] =>
  (body['messages'] as JsonObject[]).flatMap((m) =>
    ['reasoning_content', 'reasoning', 'reasoning_details'].flatMap((field) =>
      m[field] === undefined ? [] : [JSON.stringify(m[field])],
    ),
  );

/** The same request as it is relayed untouched, and as it is decoded and encoded again. */
function send(messages: readonly JsonObject[], endpoint: EndpointTraits): { raw: Sent; translated: Sent } {
  const body = { model: 'm', messages };
  const raw = openaiChat.passThrough.patchRequest(body, { model: 'm', include_usage: false, endpoint });
  const translated = openaiChat.encodeRequest(openaiChat.decodeRequest(body), context({ endpoint }));
  return {
    raw: { thoughts: thoughtsIn(raw.body), ignored: raw.ignored },
    translated: { thoughts: thoughtsIn(translated.body), ignored: translated.ignored },
  };
}

describe('reasoning of earlier turns', () => {
  test('does not go to OpenAI, and that is told', () => {
    const { raw, translated } = send(HISTORY, OPENAI);
    expect(raw).toEqual({ thoughts: [], ignored: ['thinking_in_answer'] });
    expect(translated).toEqual(raw);
  });

  test('goes back to a compatible server for rounds that called tools, and for no others', () => {
    const { raw, translated } = send(HISTORY, COMPATIBLE);
    expect(raw).toEqual({ thoughts: ['"look it up"', '"the tool says so"'], ignored: ['thinking_in_answer'] });
    expect(translated).toEqual(raw);
  });

  test('goes back within a loop that has not ended', () => {
    const { raw, translated } = send(HISTORY.slice(0, 3), COMPATIBLE);
    expect(raw).toEqual({ thoughts: ['"look it up"'], ignored: [] });
    expect(translated).toEqual(raw);
  });

  test('that Anthropic made, as the id of its call shows, goes to nobody of this shape', () => {
    const messages = [user('Hi'), says(null, { ...reasons('secret'), ...calls('toolu_01A') }), result('toolu_01A')];
    const { raw, translated } = send(messages, COMPATIBLE);
    expect(raw).toEqual({ thoughts: [], ignored: ['thinking_in_answer'] });
    expect(translated).toEqual(raw);
  });

  test('that Gemini made, as the router’s mark on its call shows, neither', () => {
    const mark = { extra_content: { google: { thought_signature: 'atp.c2ln' } } };
    const messages = [user('Hi'), says(null, { ...reasons('secret'), ...calls('call_1', mark) }), result('call_1')];
    const { raw, translated } = send(messages, COMPATIBLE);
    expect(raw.thoughts).toEqual([]);
    expect(translated.thoughts).toEqual([]);
  });

  test('of an answer that is to be gone on with stays', () => {
    const messages = [user('Hi'), says('So', { ...reasons('hm'), prefix: true })];
    expect(send(messages, COMPATIBLE).raw).toEqual({ thoughts: ['"hm"'], ignored: [] });
  });

  test.each(['reasoning', 'reasoning_details'])('under the name %s too', (field) => {
    const messages = [user('Hi'), says('Hello.', { [field]: 'hm' }), user('So?')];
    expect(send(messages, OPENAI).raw).toEqual({ thoughts: [], ignored: ['thinking_in_answer'] });
    // An aggregator tells its own signed reasoning from others'.
    const kept = field === 'reasoning_details' ? ['"hm"'] : [];
    expect(send(messages, COMPATIBLE).raw.thoughts).toEqual(kept);
  });

  test('a turn of reasoning alone goes with it, and histories without any are the very same', () => {
    const bare = [user('Hi'), says(null, reasons('hm')), user('So?')];
    const patch = { model: 'm', include_usage: false, endpoint: COMPATIBLE };
    expect(openaiChat.passThrough.patchRequest({ model: 'm', messages: bare }, patch).body['messages']).toEqual([
      bare[0],
      bare[2],
    ]);
    const plain = [user('Hi'), says('Hello.'), user('So?')];
    const { body, ignored } = openaiChat.passThrough.patchRequest({ model: 'm', messages: plain }, patch);
    expect(body['messages']).toBe(plain);
    expect(ignored).toEqual([]);
  });
});
