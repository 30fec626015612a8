import {
  type AtpField,
  anthropicMessages,
  ask,
  dataPlaneFragment,
  encodePlan,
  framer,
  type GenEvent,
  type IngressDialect,
  foldEvents,
  openaiChat,
  openaiEmbedIngress,
  openaiResponses,
} from '@atp-router/dialects';
import { AtpError, isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import { describe, expect, it } from 'vitest';
import { faults, schemaOf } from './schema-check.ts';

const PLAN = {
  primary: { model: 'small', provider: 'up' },
  escalation: [],
  why: ['asked for'],
  expected_cost_usd_micros: [1, 2],
} as const;
const ATP: AtpField = { request_id: '01', model: 'small', attempts: 1, cost_usd_micros: 5, usage_source: 'reported' };
const EVENTS: readonly GenEvent[] = [
  { type: 'start', id: 'u', model: 'up', created_s: 1 },
  { type: 'thinking', choice: 0, delta: 'Hm.', origin: 'gemini' },
  { type: 'text', choice: 0, delta: 'Hello' },
  { type: 'tool_call', choice: 0, index: 0, id: 'call_1', name: 'f' },
  { type: 'tool_args', choice: 0, index: 0, delta: '{"a":1}' },
  { type: 'finish', choice: 0, reason: 'tool_calls' },
  {
    type: 'usage',
    usage: { in_tokens: 9, out_tokens: 5, cached_in_tokens: 2, cache_write_tokens: 1, reasoning_tokens: 3 },
  },
  { type: 'end' },
];

/** Every place where a JSON object holds this key. */
function valuesOf(value: JsonValue | undefined, key: string): JsonValue[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = isJsonObject(value) && value[key] !== undefined ? [value[key]] : [];
  return [...own, ...Object.values(value).flatMap((inner) => valuesOf(inner, key))];
}

describe('the fragment', () => {
  it('refers only to what it defines, and defines nothing that is unused', () => {
    const refs = valuesOf(dataPlaneFragment as unknown as JsonObject, '$ref');
    const used = new Set(refs.map((r) => String(r).replace('#/components/schemas/', '')));
    expect([...used].sort()).toEqual(Object.keys(dataPlaneFragment.schemas).sort());
  });

  it('covers the endpoints, each with an id of its own', () => {
    expect(Object.keys(dataPlaneFragment.paths).sort()).toEqual([
      '/v1/ask',
      '/v1/chat/completions',
      '/v1/embeddings',
      '/v1/messages',
      '/v1/messages/count_tokens',
      '/v1/models',
      '/v1/models/{id}',
      '/v1/responses',
    ]);
    const ids = valuesOf(dataPlaneFragment.paths, 'operationId');
    expect(new Set(ids).size).toBe(8);
  });

  it('gives examples that fit their schemas', () => {
    const bodies = valuesOf(dataPlaneFragment.paths, 'requestBody').map(
      (body) => valuesOf(body, 'application/json')[0],
    );
    const examples = bodies.filter(isJsonObject).filter((media) => media['example'] !== undefined);
    expect(examples).toHaveLength(5);
    for (const media of examples) expect(faults(media['example'], media['schema'] as JsonObject)).toEqual([]);
  });
});

const SHAPES: readonly [string, IngressDialect, { answer: string; event: string; error: string }][] = [
  ['chat', openaiChat, { answer: 'ChatCompletion', event: 'ChatChunk', error: 'OpenAiError' }],
  ['messages', anthropicMessages, { answer: 'MessagesAnswer', event: 'MessagesEvent', error: 'MessagesError' }],
  ['responses', openaiResponses, { answer: 'ResponsesAnswer', event: 'ResponsesEvent', error: 'OpenAiError' }],
  ['ask', ask, { answer: 'AskAnswer', event: 'AskEvent', error: 'AskError' }],
];

describe.each(SHAPES)('%s answers as its schema says', (_name, shape, names) => {
  it('whole', () => {
    const body = shape.encodeResponse(foldEvents(EVENTS), { id: '01', model: 'small', plan: PLAN, atp: ATP });
    expect(faults(JSON.parse(JSON.stringify(body)) as JsonObject, schemaOf(names.answer))).toEqual([]);
  });

  it('streamed', () => {
    const encoder = shape.streamEncoder({ id: '01', model: 'small', created_s: 1, include_usage: true, plan: PLAN });
    const sse = EVENTS.map((event) => encoder.push(event)).join('') + encoder.finish(ATP);
    const plan = shape.id === 'ask' ? encodePlan(PLAN) : '';
    const frames = framer('sse', 1_000_000)
      .push(new TextEncoder().encode(plan + sse))
      .filter((frame) => frame.data !== '[DONE]');
    expect(frames.length).toBeGreaterThan(4);
    for (const frame of frames) expect(faults(JSON.parse(frame.data) as JsonObject, schemaOf(names.event))).toEqual([]);
  });

  it('errors', () => {
    for (const code of ['rate_limited', 'budget_exhausted', 'internal_error', 'unauthorized'] as const) {
      const { body } = shape.encodeError(new AtpError(code, 'No.', { param: 'x', retry_after_ms: 5 }), 'r1');
      expect(faults(body, schemaOf(names.error))).toEqual([]);
    }
  });
});

describe('requests', () => {
  const tool = { name: 'f', description: 'd', parameters: { type: 'object' } };
  const REQUESTS: readonly [string, IngressDialect, JsonObject][] = [
    [
      'ChatRequest',
      openaiChat,
      {
        model: 'm',
        stream: true,
        stream_options: { include_usage: true },
        messages: [
          { role: 'system', content: 'a' },
          { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x.example/a.png' } }] },
          { role: 'assistant', content: null, tool_calls: [{ id: 'c', type: 'function', function: { name: 'f' } }] },
          { role: 'tool', tool_call_id: 'c', content: '1' },
        ],
        tools: [{ type: 'function', function: tool }],
        tool_choice: { type: 'function', function: { name: 'f' } },
        stop: null,
      },
    ],
    [
      'ResponsesRequest',
      openaiResponses,
      {
        model: 'm',
        input: [
          { role: 'user', content: [{ type: 'input_text', text: 'a' }] },
          { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
          { type: 'function_call_output', call_id: 'c', output: '1' },
        ],
        tools: [{ type: 'function', ...tool }, { type: 'web_search' }],
        text: { format: { type: 'json_schema', name: 'x', schema: {} } },
        reasoning: { effort: 'low', summary: 'auto' },
      },
    ],
    [
      'MessagesRequest',
      anthropicMessages,
      {
        model: 'm',
        max_tokens: 5,
        system: [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral' } }],
        messages: [
          { role: 'user', content: 'a' },
          { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'f', input: {} }] },
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: '1' }] },
        ],
        tools: [{ name: 'f', input_schema: { type: 'object' } }],
        thinking: { type: 'enabled', budget_tokens: 1_024 },
      },
    ],
    ['AskRequest', ask, { prompt: 'a', data_scope: ['eu'], qos: 'gold', max_usd: 0.5, deadline_ms: 100 }],
  ];

  it.each(REQUESTS)('%s: what the schema allows, the codec reads', (name, shape, body) => {
    expect(faults(body, schemaOf(name))).toEqual([]);
    expect(shape.decodeRequest(body).source).toBe(shape.id);
  });

  it.each<[string, IngressDialect, JsonObject]>([
    ['ChatRequest', openaiChat, { model: 'm', messages: [{ role: 'robot', content: 'a' }] }],
    ['ResponsesRequest', openaiResponses, { model: 'm', input: 'a', max_output_tokens: 0 }],
    ['MessagesRequest', anthropicMessages, { model: 'm', messages: [{ role: 'user' }], max_tokens: 5 }],
    ['AskRequest', ask, { prompt: 'a', messages: [] }],
    ['AskRequest', ask, { prompt: 'a', qos: 'iron' }],
  ])('%s: what the codec refuses, the schema refuses', (name, shape, body) => {
    expect(faults(body, schemaOf(name))).not.toEqual([]);
    expect(() => shape.decodeRequest(body)).toThrow(AtpError);
  });

  it('embeddings, both ways', () => {
    const answer = openaiEmbedIngress.encodeResponse(
      { model: 'u', vectors: [[0.5], 'AAAAPw=='] },
      { model: 'small', encoding_format: 'base64', atp: ATP },
    );
    expect(faults(answer, schemaOf('EmbeddingsAnswer'))).toEqual([]);
    for (const input of ['a', ['a'], [1], [[1]]]) {
      const body = { model: 'm', input, dimensions: 5 };
      expect(faults(body, schemaOf('EmbeddingsRequest'))).toEqual([]);
      expect(openaiEmbedIngress.decodeRequest(body).inputs).toHaveLength(1);
    }
    expect(faults({ model: 'm', input: [] }, schemaOf('EmbeddingsRequest'))).not.toEqual([]);
  });
});
