import type { JsonObject } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { gemini, openaiChat } from '../../src/index.ts';
import { context, encodeStream } from '../shared/wire.ts';

const call = (more: JsonObject = {}): JsonObject => ({
  ...{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } },
  ...more,
});
const extra = (thought_signature: unknown): JsonObject => ({
  extra_content: { google: { thought_signature } } as unknown as JsonObject,
});
const body = (...calls: JsonObject[]): JsonObject => ({
  model: 'm',
  messages: [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: null, tool_calls: calls },
    { role: 'tool', tool_call_id: 'c1', content: '1' },
  ],
});

function shownCall(): JsonObject {
  const part = { type: 'tool_call', id: 'c1', name: 'f', args_json: '{}', signature: 'c2ln' } as const;
  const whole = openaiChat.encodeResponse(
    { id: 'x', model: 'm', created_s: 1, choices: [{ parts: [part], finish: 'tool_calls' }] },
    { id: 'x', model: 'm' },
  );
  const [choice] = whole['choices'] as unknown as [{ message: { tool_calls: [JsonObject] } }];
  return choice.message.tool_calls[0];
}

function sentToGemini(...calls: JsonObject[]): unknown {
  const request = openaiChat.decodeRequest(body(...calls));
  const { contents } = gemini.encodeRequest(request, context({ upstream_model: 'gemini-3-pro' })).body as unknown as {
    contents: { parts: { functionCall?: unknown; thoughtSignature?: string }[] }[];
  };
  return contents.flatMap((content) =>
    content.parts.filter((part) => part.functionCall).map((p) => p.thoughtSignature),
  );
}

describe('thought signatures of Gemini', () => {
  test('come back from the client as they were made', () => {
    const shown = shownCall();
    expect(shown['extra_content']).toBeDefined();
    expect(sentToGemini(shown, call())).toEqual(['c2ln', undefined]);
  });

  test('are in a stream as in a whole answer', () => {
    const text = encodeStream(openaiChat, [
      { type: 'start', id: 'x', model: 'm', created_s: 1 },
      { type: 'tool_call', choice: 0, index: 0, id: 'c1', name: 'f', signature: 'c2ln' },
      { type: 'tool_args', choice: 0, index: 0, delta: '{}' },
      { type: 'finish', choice: 0, reason: 'tool_calls' },
    ]);
    expect(text).toContain(JSON.stringify(shownCall()['extra_content']));
  });

  test('of Google’s own compatible endpoint are understood too', () => {
    expect(sentToGemini(call(extra('b3RoZXI=')))).toEqual(['b3RoZXI=']);
  });

  test('of the router’s own making are kept from other providers; what others made passes', () => {
    const patch = { model: 'up', include_usage: false };
    const foreign = body(call(extra('b3RoZXI=')), call());
    expect(openaiChat.passThrough.patchRequest(foreign, patch).body).toEqual({ ...foreign, model: 'up' });
    const own = body(call({ ...shownCall() }), call({ id: 'c2' }));
    expect(openaiChat.passThrough.patchRequest(own, patch).body).toEqual({
      ...body(call(), call({ id: 'c2' })),
      model: 'up',
    });
  });

  test.each([[null], [7], ['']])('a signature that is none (%o) is no signature', (value) => {
    expect(sentToGemini(call(extra(value)))).toEqual(['skip_thought_signature_validator']);
    expect(sentToGemini(call({ extra_content: null }))).toEqual(['skip_thought_signature_validator']);
  });
});
