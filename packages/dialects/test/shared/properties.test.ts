import { isAtpError, isJsonObject, type JsonObject, type Usage } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  anthropicMessages,
  type Dialect,
  eventsOf,
  extractText,
  foldEvents,
  type GenRequest,
  type GenResponse,
  openaiChat,
} from '../../src/index.ts';
import { plainThought, requestFrom, responseWith, signedThought } from './arbitrary.ts';
import { context, decodeStream, encodeStream, fixtureJson, frame } from './wire.ts';

const SEED = { seed: 20_261, numRuns: 200 };
const CTX = { id: 'id_1', model: 'small' };
const both: readonly [string, Dialect][] = [
  ['openai-chat', openaiChat],
  ['anthropic-messages', anthropicMessages],
];

/** Passes when it works and when it fails as it may; anything else that is thrown is a fault of the codec. */
function tolerant<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (!isAtpError(error)) throw error;
    expect(error.message).not.toBe('');
    return undefined;
  }
}

describe.each(both)('%s: a request keeps its meaning', (id, dialect) => {
  test('in the same shape', () => {
    fc.assert(
      fc.property(requestFrom(dialect.id), (request) => {
        const { body, ignored } = dialect.encodeRequest(
          request,
          context({ upstream_model: 'm', stream: request.stream }),
        );
        expect(ignored).toEqual([]);
        expect(dialect.decodeRequest(JSON.parse(JSON.stringify(body)) as JsonObject)).toEqual(normal(request, dialect));
      }),
      SEED,
    );
  });

  test('when it comes from the other shape', () => {
    const other = id === 'openai-chat' ? 'anthropic-messages' : 'openai-chat';
    fc.assert(
      fc.property(requestFrom(other), (request) => {
        const { body, ignored } = dialect.encodeRequest(
          request,
          context({ upstream_model: 'm', stream: request.stream }),
        );
        expect(ignored).toEqual([]);
        const read = dialect.decodeRequest(JSON.parse(JSON.stringify(body)) as JsonObject);
        expect({ ...read, source: other }).toEqual({ ...normal(request, dialect), source: other });
      }),
      SEED,
    );
  });
});

/** What a shape may write differently without a change of meaning. */
function normal(request: GenRequest, dialect: Dialect): GenRequest {
  if (dialect.id === 'anthropic-messages') return request;
  // Results are messages of their own, apart from the question that follows them.
  const messages = request.messages.flatMap((message) => {
    const results = message.parts.filter((part) => part.type === 'tool_result');
    const others = message.parts.filter((part) => part.type !== 'tool_result');
    return [results, others].filter((parts) => parts.length > 0).map((parts) => ({ ...message, parts }));
  });
  return { ...request, messages, include_usage: request.stream };
}

describe.each(both)('%s: an answer keeps its meaning', (id, dialect) => {
  const thought = id === 'openai-chat' ? plainThought : signedThought;
  const told = (response: GenResponse): GenResponse => {
    if (id === 'openai-chat') return response;
    const { usage, ...rest } = response;
    // This shape has no date, and always tells numbers of tokens.
    const zero: Usage = {
      in_tokens: 0,
      out_tokens: 0,
      cached_in_tokens: 0,
      cache_write_tokens: 0,
      reasoning_tokens: 0,
    };
    return { ...rest, created_s: 0, usage: usage ?? zero };
  };

  test('whole', () => {
    fc.assert(
      fc.property(responseWith(thought), (response) => {
        const body = JSON.parse(JSON.stringify(dialect.encodeResponse(response, CTX))) as JsonObject;
        expect(dialect.decodeResponse(body)).toEqual(told(response));
      }),
      SEED,
    );
  });

  test('as a stream, in pieces of any size', () => {
    fc.assert(
      fc.property(responseWith(thought), fc.integer({ min: 1, max: 90 }), (response, size) => {
        const bytes = new TextEncoder().encode(encodeStream(dialect, eventsOf(response)));
        const pieces: Uint8Array[] = [];
        for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.slice(at, at + size));
        const events = decodeStream(dialect, pieces);
        expect(events.at(-1)).toEqual({ type: 'end' });
        expect(foldEvents(events)).toEqual(told(response));
      }),
      SEED,
    );
  });

  test('the deltas of a stream may be cut anywhere', () => {
    fc.assert(
      fc.property(responseWith(thought), fc.integer({ min: 1, max: 5 }), (response, size) => {
        const events = eventsOf(response).flatMap((event) => {
          if (!('delta' in event) || event.delta.length <= size) return [event];
          return (event.delta.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []).map((delta) => ({ ...event, delta }));
        });
        const bytes = new TextEncoder().encode(encodeStream(dialect, events));
        expect(foldEvents(decodeStream(dialect, [bytes]))).toEqual(told(response));
      }),
      SEED,
    );
  });
});

/** Bodies close to real ones, with any JSON put into one place. */
const seeds = ['openai-chat/plain', 'openai-chat/tools', 'anthropic-messages/plain', 'anthropic-messages/tools'].map(
  (name) => fixtureJson(`${name}.json`),
);
const CONVERSATION: JsonObject = {
  model: 'm',
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Hi' },
        { type: 'image', source: { type: 'url', url: 'u' } },
      ],
    },
    {
      role: 'assistant',
      content: [{ type: 'tool_use', id: 't', name: 'f', input: {} }],
      tool_calls: [{ id: 't', function: { name: 'f', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: 't', content: [{ type: 'tool_result', tool_use_id: 't', content: [] }] },
  ],
  tools: [{ type: 'function', name: 'f', input_schema: {}, function: { name: 'f', parameters: {} } }],
  tool_choice: { type: 'tool', name: 'f', function: { name: 'f' } },
  thinking: { type: 'enabled', budget_tokens: 2_000 },
  output_config: { effort: 'low', format: { type: 'json_schema', schema: {} } },
  response_format: { type: 'json_schema', json_schema: { name: 'x', schema: {} } },
};

function placesIn(value: unknown, path: readonly string[] = []): string[][] {
  const here = [[...path]];
  if (typeof value !== 'object' || value === null) return here;
  return here.concat(Object.entries(value).flatMap(([key, inner]) => placesIn(inner, [...path, key])));
}

function put(value: unknown, path: readonly string[], what: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return what;
  const copy: Record<string, unknown> = Array.isArray(value) ? ([...value] as never) : { ...(value as object) };
  copy[key] = put(copy[key], rest, what);
  return copy;
}

const anyBody: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.dictionary(fc.string(), fc.jsonValue()).map((o) => o as JsonObject),
  fc
    .constantFrom(CONVERSATION, ...seeds)
    .chain((body) => fc.tuple(fc.constant(body), fc.constantFrom(...placesIn(body)), fc.jsonValue()))
    .map(([body, path, what]) => put(body, path, what))
    .filter(isJsonObject),
);

describe.each(both)('%s: whatever comes in', (_, dialect) => {
  const other = dialect === openaiChat ? anthropicMessages : openaiChat;
  const runs = { seed: 5, numRuns: 2_000 };

  test('a request is read, translated and counted, or refused as an error of the catalogue', () => {
    fc.assert(
      fc.property(anyBody, (body) => {
        tolerant(() => dialect.probe(body, { messages: 10, tools: 10 }));
        const request = tolerant(() => dialect.decodeRequest(body));
        if (request === undefined) return;
        extractText(request);
        tolerant(() => dialect.encodeRequest(request, context()));
        tolerant(() => other.encodeRequest(request, context({ upstream_model: 'claude-opus-5', drop: () => true })));
      }),
      runs,
    );
  });

  test('so is a body that passes through', () => {
    fc.assert(
      fc.property(anyBody, (body) => {
        const patch = { model: 'm', max_output_tokens: 9, system_prompt: 'P', include_usage: true };
        expect(tolerant(() => dialect.passThrough.patchRequest(body, patch))?.body['model']).toBe('m');
      }),
      runs,
    );
  });

  test('an answer is read and translated, or refused', () => {
    fc.assert(
      fc.property(anyBody, (body) => {
        const response = tolerant(() => dialect.decodeResponse(body));
        if (response === undefined) return;
        tolerant(() => dialect.encodeResponse(response, CTX));
        tolerant(() => other.encodeResponse(response, CTX));
      }),
      runs,
    );
  });

  test('frames of a stream are read and translated, or refused', () => {
    const types = fc.constantFrom(
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'error',
    );
    const framed = fc.tuple(anyBody, types, fc.jsonValue(), fc.jsonValue()).map(([body, type, block, delta]) => ({
      ...body,
      type,
      index: 0,
      content_block: block,
      delta,
      error: type === 'error' ? block : undefined,
    }));
    fc.assert(
      fc.property(fc.array(fc.oneof(anyBody, framed), { maxLength: 4 }), (bodies) => {
        const decoder = dialect.streamDecoder();
        const events = bodies.flatMap((body) => tolerant(() => decoder.push(frame(body))) ?? []);
        tolerant(() => encodeStream(dialect, events));
        tolerant(() => encodeStream(other, events));
      }),
      runs,
    );
  });

  test('an error body is read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 599 }), fc.oneof(fc.string(), fc.json()), (status, body) => {
        expect(dialect.decodeError(status, body).status).toBe(status);
      }),
      runs,
    );
  });
});
