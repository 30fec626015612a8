import { isAtpError, type JsonObject } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldEvents } from '../../src/fold.ts';
import { ollama } from '../../src/ollama/index.ts';
import { decodeStream, fixtureBytes, fixtureJson, fixtureText } from '../gemini/wire.ts';

describe('ollama: whole answers', () => {
  test('text and counts', () => {
    expect(ollama.decodeResponse(fixtureJson('ollama/plain.json'))).toEqual({
      id: '',
      model: 'llama3.2',
      created_s: 1_772_914_939,
      choices: [{ parts: [{ type: 'text', text: 'The sky is blue.' }], finish: 'stop' }],
      usage: { in_tokens: 11, out_tokens: 18, cached_in_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 },
    });
  });

  test('thinking and calls; ids are made from the time stamp where the server gives none', () => {
    expect(ollama.decodeResponse(fixtureJson('ollama/tools.json')).choices).toEqual([
      {
        parts: [
          { type: 'thinking', text: 'Two cities, two calls.', origin: 'ollama' },
          {
            type: 'tool_call',
            id: 'call_2026-03-07T203253844124Z_0_0',
            name: 'get_weather',
            args_json: '{"city":"Paris"}',
          },
          { type: 'tool_call', id: 'call_srv1', name: 'get_weather', args_json: '{"city":"Rome"}' },
        ],
        finish: 'tool_calls',
      },
    ]);
  });

  test('made ids fit the limits of every ingress shape', () => {
    for (const part of ollama.decodeResponse(fixtureJson('ollama/tools.json')).choices[0]?.parts ?? []) {
      if (part.type === 'tool_call') expect(part.id).toMatch(/^[A-Za-z0-9_-]{1,40}$/);
    }
  });

  test('an answer that does not count the prompt reports nothing', () => {
    const { prompt_eval_count: _count, ...body } = fixtureJson('ollama/plain.json');
    expect(ollama.decodeResponse(body).usage).toBeUndefined();
  });

  test('log-probabilities in one form', () => {
    const body = {
      message: { content: 'a' },
      logprobs: [{ token: 'a', logprob: -0.5, top_logprobs: [{ token: 'b', logprob: -1 }] }],
    };
    expect(ollama.decodeResponse(body).choices[0]?.logprobs).toEqual({
      content: [{ token: 'a', logprob: -0.5, bytes: [97], top_logprobs: [{ token: 'b', logprob: -1, bytes: [98] }] }],
      refusal: null,
    });
  });

  test('an answer without a message is an upstream error', () => {
    expect(() => ollama.decodeResponse({ done: true })).toThrowError(/without "message"/);
  });
});

describe('ollama: streams', () => {
  test('text until the line that is done', () => {
    const { events, pending_bytes } = decodeStream(ollama, [fixtureBytes('ollama/stream.ndjson')]);
    expect(events).toEqual([
      { type: 'start', id: '', model: 'llama3.2', created_s: 1_772_873_539 },
      { type: 'text', choice: 0, delta: 'The' },
      { type: 'text', choice: 0, delta: ' sky, ünïcödé' },
      { type: 'finish', choice: 0, reason: 'length' },
      {
        type: 'usage',
        usage: { in_tokens: 26, out_tokens: 282, cached_in_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 },
      },
      { type: 'end' },
    ]);
    expect(pending_bytes).toBe(0);
  });

  test('thinking and parallel calls fold into one answer', () => {
    const { events } = decodeStream(ollama, [fixtureBytes('ollama/tools-stream.ndjson')]);
    expect(foldEvents(events).choices).toEqual([
      {
        parts: [
          { type: 'thinking', text: 'Two calls.', origin: 'ollama' },
          {
            type: 'tool_call',
            id: 'call_6-03-07T085219385406455Z_0_0',
            name: 'get_weather',
            args_json: '{"city":"Paris"}',
          },
          {
            type: 'tool_call',
            id: 'call_6-03-07T085219385406455Z_0_1',
            name: 'get_weather',
            args_json: '{"city":"Rome"}',
          },
        ],
        finish: 'tool_calls',
      },
    ]);
  });

  test.each(['stream', 'tools-stream', 'error-stream', 'cut-stream'])('%s is the same wherever it is split', (name) => {
    const bytes = fixtureBytes(`ollama/${name}.ndjson`);
    const whole = decodeStream(ollama, [bytes]);
    for (let at = 0; at <= bytes.length; at += 1) {
      expect(decodeStream(ollama, [bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
    }
  });

  test('an error line is an error event', () => {
    const { events } = decodeStream(ollama, [fixtureBytes('ollama/error-stream.ndjson')]);
    expect(events[events.length - 1]).toEqual({
      type: 'error',
      error: {
        status: 502,
        kind: 'server',
        message: 'an error was encountered while running the model: signal: killed',
      },
    });
  });

  test('a cut stream has neither finish nor end', () => {
    const { events, pending_bytes } = decodeStream(ollama, [fixtureBytes('ollama/cut-stream.ndjson')]);
    expect(events.map((e) => e.type)).toEqual(['start', 'text']);
    expect(pending_bytes).toBeGreaterThan(0);
  });

  test('malformed lines are the fault of the provider, empty ones are nothing', () => {
    const push = (data: string) => () => ollama.streamDecoder().push({ event: '', data, raw: new Uint8Array() });
    expect(push('{"model"')).toThrowError(/not valid JSON/);
    expect(push('')()).toEqual([]);
  });
});

describe('ollama: errors', () => {
  test.each([
    [404, fixtureText('ollama/error-404.json'), 'not_found', "model 'llama9' not found"],
    [400, '{"error":"\\"gemma\\" does not support thinking"}', 'invalid_request', '"gemma" does not support thinking'],
    [400, '{"error":"input exceeds the context length"}', 'too_large', 'input exceeds the context length'],
    [
      500,
      '{"error":"{\\"error\\":{\\"code\\":400,\\"message\\":\\"request (8889 tokens) exceeds the available context size (4096 tokens)\\"}}"}',
      'too_large',
      'request (8889 tokens) exceeds the available context size (4096 tokens)',
    ],
    [503, '{"error":"server busy, please try again"}', 'overloaded', 'server busy, please try again'],
    [500, 'boom', 'server', 'boom'],
    [401, '{"error":{"message":"unauthorized"}}', 'unauthorized', 'unauthorized'],
  ])('%i %s', (status, body, kind, message) => {
    expect(ollama.decodeError(status, body)).toEqual({ status, kind, message });
  });

  test('arbitrary JSON gives an answer or an AtpError', () => {
    const json = fc.dictionary(
      fc.constantFrom('message', 'done', 'done_reason', 'created_at', 'logprobs', 'prompt_eval_count', 'error'),
      fc.oneof(
        fc.jsonValue({ maxDepth: 2 }),
        fc.dictionary(fc.constantFrom('content', 'thinking', 'tool_calls'), fc.jsonValue({ maxDepth: 2 })),
      ),
    );
    fc.assert(
      fc.property(json, (body) => {
        for (const decode of [
          () => ollama.decodeResponse(body as JsonObject),
          () => ollama.streamDecoder().push({ event: '', data: JSON.stringify(body), raw: new Uint8Array() }),
          () => ollama.decodeError(400, JSON.stringify(body)),
        ]) {
          try {
            decode();
          } catch (error) {
            expect(isAtpError(error)).toBe(true);
          }
        }
      }),
      { seed: 12, numRuns: 150 },
    );
  });
});
