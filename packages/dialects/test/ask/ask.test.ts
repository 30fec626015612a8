import {
  type AtpField,
  ask,
  encodePlan,
  type Frame,
  framer,
  type GenEvent,
  openaiChat,
  type RoutePlan,
} from '@atp-router/dialects';
import { AtpError, isAtpError, isJsonObject, type JsonObject } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const LIMITS = { messages: 4, tools: 2 };
const ATP: AtpField = { request_id: '01', model: 'small', attempts: 2, cost_usd_micros: 113, usage_source: 'reported' };
const USAGE = { in_tokens: 9, out_tokens: 5, cached_in_tokens: 2, cache_write_tokens: 1, reasoning_tokens: 3 };
const PLAN: RoutePlan = {
  primary: { model: 'small', provider: 'up' },
  escalation: [{ model: 'big', provider: 'up' }],
  why: ['cheapest with tools'],
  expected_cost_usd_micros: [100, 2_000],
  expected_p95_ms: 1_800,
};

function framesOf(sse: string): Frame[] {
  return framer('sse', 1_000_000).push(new TextEncoder().encode(sse));
}

function dataOf(frame: Frame | undefined): JsonObject {
  const value: unknown = JSON.parse(frame?.data ?? 'null');
  if (!isJsonObject(value)) throw new Error('the data is not an object');
  expect(value['type']).toBe(frame?.event);
  return value;
}

describe('requests', () => {
  it('a prompt alone goes to auto', () => {
    expect(ask.decodeRequest({ prompt: 'Hi' })).toEqual({
      source: 'ask',
      model: 'auto',
      stream: false,
      include_usage: true,
      system: [],
      messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }],
      tools: [],
      hosted_tools: [],
      stop: [],
      n: 1,
      extra: {},
    });
  });

  it('reads messages, parts, tools and settings as Chat Completions does', () => {
    const shared: JsonObject = {
      stream: true,
      temperature: 0.5,
      top_p: 0.9,
      stop: ['END'],
      seed: 7,
      response_format: { type: 'json_object' },
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
      tool_choice: 'required',
      parallel_tool_calls: false,
      reasoning_effort: 'low',
      user: 'u',
      metadata: { a: 'b' },
      messages: [
        { role: 'system', content: 'A' },
        { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x.example/a.png' } }] },
        { role: 'assistant', tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }] },
        { role: 'tool', tool_call_id: 'c', content: '1' },
      ],
    };
    const chat = openaiChat.decodeRequest({ ...shared, model: 'm', max_completion_tokens: 9 });
    expect(ask.decodeRequest({ ...shared, model: 'm', max_output_tokens: 9, system: 'Before.' })).toEqual({
      ...chat,
      source: 'ask',
      include_usage: true,
      system: [{ type: 'text', text: 'Before.' }, ...chat.system],
    });
  });

  it('keeps unknown fields to be reported', () => {
    const request = ask.decodeRequest({ prompt: 'Hi', tempreature: 1 });
    expect(request.extra).toEqual({ tempreature: 1 });
    const ctx = { upstream_model: 'm', stream: false, default_max_output_tokens: 1, drop: () => false };
    expect(openaiChat.encodeRequest(request, ctx).ignored).toEqual(['tempreature']);
  });

  it('probes the wishes about routing', () => {
    const body = {
      prompt: 'Hi',
      task_type: 'code_review',
      qos: 'silver',
      data_scope: ['public', 'eu'],
      max_usd: 0.05,
      deadline_ms: 2_000,
      max_output_tokens: 50,
    };
    expect(ask.probe(body, LIMITS)).toMatchObject({
      model: 'auto',
      stream: false,
      include_usage: true,
      n: 1,
      max_output_tokens: 50,
      has_tools: false,
      wishes: {
        task_type: 'code_review',
        qos: 'silver',
        data_scope: ['public', 'eu'],
        max_usd_nanos: 50_000_000,
        deadline_ms: 2_000,
      },
    });
    expect(ask.probe({ prompt: 'Hi', data_scope: 'eu' }, LIMITS).wishes).toEqual({ data_scope: ['eu'] });
    expect(ask.probe({ prompt: 'Hi' }, LIMITS).wishes).toBeUndefined();
  });

  it.each<[JsonObject, string]>([
    [{}, 'prompt'],
    [{ prompt: 'a', messages: [] }, 'prompt'],
    [{ prompt: 1 }, 'prompt'],
    [{ messages: [{ role: 'user', content: [{ type: 'x' }] }] }, 'messages[0].content[0].type'],
    [{ prompt: 'a', model: 3 }, 'model'],
    [{ prompt: 'a', n: 2 }, 'n'],
    [{ prompt: 'a', qos: 'iron' }, 'qos'],
    [{ prompt: 'a', task_type: 'a b' }, 'task_type'],
    [{ prompt: 'a', data_scope: ['a b'] }, 'data_scope'],
    [{ prompt: 'a', data_scope: {} }, 'data_scope'],
    [{ prompt: 'a', data_scope: Array.from({ length: 17 }, () => 'a') }, 'data_scope'],
    [{ prompt: 'a', max_usd: -1 }, 'max_usd'],
    [{ prompt: 'a', deadline_ms: 0 }, 'deadline_ms'],
    [{ prompt: 'a', max_output_tokens: 0 }, 'max_output_tokens'],
  ])('%j names the field at fault', (body, param) => {
    expect(() => ask.decodeRequest(body)).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
  });

  it.each<[JsonObject, string]>([
    [{ messages: [] }, 'messages'],
    [{ messages: Array.from({ length: 5 }, () => ({ role: 'user', content: 'a' })) }, 'messages'],
    [{ prompt: 'a', qos: 'iron' }, 'qos'],
  ])('probe refuses it too', (body, param) => {
    expect(() => ask.probe(body, LIMITS)).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
  });
});

describe('answers', () => {
  it('plain text', () => {
    const choices = [
      {
        parts: [
          { type: 'text', text: 'Hel' },
          { type: 'text', text: 'lo' },
        ],
        finish: 'stop',
      },
    ] as const;
    const response = { id: 'u', model: 'up', created_s: 5, choices, usage: USAGE };
    expect(ask.encodeResponse(response, { id: '01', model: 'small', plan: PLAN, atp: ATP })).toEqual({
      id: '01',
      model: 'small',
      created_s: 5,
      text: 'Hello',
      finish: 'stop',
      usage: USAGE,
      cost_usd_micros: 113,
      route: PLAN,
      atp: ATP,
    });
  });

  it('more than text comes in parts', () => {
    const parts = [
      { type: 'thinking', text: 'Hm.', origin: 'gemini', signature: 's' },
      { type: 'thinking', text: '', origin: 'anthropic-messages', redacted: 'x' },
      { type: 'text', text: 'Look.' },
      { type: 'tool_call', id: 'c', name: 'f', args_json: '{}' },
      { type: 'opaque', origin: 'gemini', raw: { a: 1 } },
    ] as const;
    const choices = [{ parts, finish: 'tool_calls' }] as const;
    expect(ask.encodeResponse({ id: 'u', model: 'up', created_s: 5, choices }, { id: '01', model: 'small' })).toEqual({
      id: '01',
      model: 'small',
      created_s: 5,
      text: 'Look.',
      parts: [
        { type: 'thinking', text: 'Hm.' },
        { type: 'text', text: 'Look.' },
        { type: 'tool_call', id: 'c', name: 'f', args_json: '{}' },
      ],
      finish: 'tool_calls',
      usage: null,
      cost_usd_micros: null,
      route: null,
    });
  });
});

describe('streams', () => {
  const EVENTS: readonly GenEvent[] = [
    { type: 'start', id: 'u', model: 'up', created_s: 1 },
    { type: 'thinking', choice: 0, delta: 'Hm.', origin: 'gemini' },
    { type: 'text', choice: 0, delta: 'Hel' },
    { type: 'text', choice: 0, delta: 'lo' },
    { type: 'tool_call', choice: 0, index: 0, id: 'c', name: 'f' },
    { type: 'tool_args', choice: 0, index: 0, delta: '{}' },
    { type: 'finish', choice: 0, reason: 'tool_calls' },
    { type: 'usage', usage: USAGE },
    { type: 'end' },
  ];

  it('the plan is an event of its own', () => {
    const [frame] = framesOf(encodePlan(PLAN));
    expect(dataOf(frame)).toEqual({ type: 'plan', ...PLAN });
  });

  it('chunks, then the whole answer', () => {
    const encoder = ask.streamEncoder({ id: '01', model: 'small', created_s: 5, include_usage: true, plan: PLAN });
    const hidden: GenEvent = { type: 'thinking', choice: 0, delta: '', origin: 'anthropic-messages' };
    const chunks = framesOf([hidden, ...EVENTS].map((event) => encoder.push(event)).join('')).map(dataOf);
    expect(chunks).toEqual([
      { type: 'chunk', choice: 0, kind: 'thinking', delta: 'Hm.' },
      { type: 'chunk', choice: 0, kind: 'text', delta: 'Hel' },
      { type: 'chunk', choice: 0, kind: 'text', delta: 'lo' },
      { type: 'chunk', choice: 0, kind: 'tool_call', index: 0, id: 'c', name: 'f' },
      { type: 'chunk', choice: 0, kind: 'tool_args', index: 0, delta: '{}' },
    ]);
    const final = framesOf(encoder.finish(ATP));
    expect(final).toHaveLength(1);
    expect(dataOf(final[0])).toEqual({
      type: 'final',
      id: '01',
      model: 'small',
      created_s: 5,
      text: 'Hello',
      parts: [
        { type: 'thinking', text: 'Hm.' },
        { type: 'text', text: 'Hello' },
        { type: 'tool_call', id: 'c', name: 'f', args_json: '{}' },
      ],
      finish: 'tool_calls',
      usage: USAGE,
      cost_usd_micros: 113,
      route: PLAN,
      atp: ATP,
    });
  });
});

describe('errors', () => {
  const error = new AtpError('rate_limited', 'Slow down.', { param: 'model', retry_after_ms: 1_500, origin: 'remote' });
  const told = {
    code: 'rate_limited',
    wire: 'EWINDOW',
    message: 'Slow down.',
    param: 'model',
    origin: 'remote',
    retry_after_ms: 1_500,
    request_id: 'r1',
  };

  it('whole and in a stream', () => {
    expect(ask.encodeError(error, 'r1')).toEqual({ status: 429, body: { error: told } });
    const [frame] = framesOf(ask.encodeStreamError(error, 'r1'));
    expect(dataOf(frame)).toEqual({ type: 'error', error: told });
  });

  it('what is not known is null', () => {
    expect(ask.encodeError(new AtpError('internal_error', 'Oops.'), 'r1').body['error']).toMatchObject({
      param: null,
      origin: 'local',
      retry_after_ms: null,
    });
  });

  it('nothing but AtpError is thrown on arbitrary JSON', () => {
    const fields = fc.constantFrom('prompt', 'messages', 'system', 'tools', 'data_scope', 'max_usd', 'stream', 'stop');
    const body = fc.dictionary(fields, fc.jsonValue({ maxDepth: 3 })).map((o) => ({ prompt: 'a', ...o }) as JsonObject);
    fc.assert(
      fc.property(body, (b) => {
        for (const read of [() => ask.probe(b, LIMITS), () => ask.decodeRequest(b)]) {
          try {
            read();
          } catch (thrown) {
            if (!isAtpError(thrown)) throw thrown;
          }
        }
      }),
      { seed: 11, numRuns: 500 },
    );
  });
});
