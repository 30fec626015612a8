import { openaiResponses } from '@atp-router/dialects';
import { AtpError } from '@atp-router/kernel';
import { describe, expect, it } from 'vitest';
import { ATP, fixture, json } from './wire.ts';

describe('decodeResponse', () => {
  it('plain', () => {
    expect(openaiResponses.decodeResponse(json('plain.json'))).toEqual({
      id: 'resp_68a1',
      model: 'gpt-5.2-2026-02-01',
      created_s: 1_764_000_000,
      choices: [{ parts: [{ type: 'text', text: 'Hello there.' }], finish: 'stop' }],
      usage: { in_tokens: 12, out_tokens: 4, cached_in_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 },
    });
  });

  it('reasoning and parallel tool calls', () => {
    const response = openaiResponses.decodeResponse(json('tools.json'));
    expect(response.choices).toEqual([
      {
        parts: [
          { type: 'thinking', text: 'Two cities.\n\nAsk for both.', origin: 'openai-responses' },
          { type: 'thinking', text: '', redacted: 'gAAAA-enc', origin: 'openai-responses' },
          { type: 'text', text: 'Let me look.' },
          { type: 'tool_call', id: 'call_a', name: 'get_weather', args_json: '{"city":"Paris"}' },
          { type: 'tool_call', id: 'call_b', name: 'get_weather', args_json: '{"city":"Rome"}' },
        ],
        finish: 'tool_calls',
      },
    ]);
    expect(response.usage).toEqual({
      in_tokens: 120,
      out_tokens: 64,
      cached_in_tokens: 100,
      cache_write_tokens: 5,
      reasoning_tokens: 32,
    });
  });

  it('an answer that a limit cut', () => {
    expect(openaiResponses.decodeResponse(json('incomplete.json')).choices[0]?.finish).toBe('length');
  });

  it('a refusal', () => {
    expect(openaiResponses.decodeResponse(json('refusal.json')).choices[0]).toEqual({
      parts: [{ type: 'refusal', text: 'I cannot help with that.' }],
      finish: 'stop',
    });
  });

  it('log-probabilities in the shape of the model', () => {
    const logprobs = openaiResponses.decodeResponse(json('logprobs.json')).choices[0]?.logprobs;
    expect(logprobs).toMatchObject({ content: [{ token: 'Hi', logprob: -0.1, top_logprobs: [{}, { token: 'Hey' }] }] });
  });

  it('traces of hosted tools', () => {
    const choice = openaiResponses.decodeResponse(json('hosted.json')).choices[0];
    expect(choice?.parts.map((p) => p.type)).toEqual(['opaque', 'text']);
    expect(choice?.finish).toBe('stop');
  });

  it.each([
    ['invalid_prompt', 400, 'invalid_request'],
    ['rate_limit_exceeded', 429, 'rate_limited'],
    ['server_error', 502, 'server'],
  ])('status failed with %s is told as a stream tells it', (code, status, kind) => {
    const message = 'Rate limit reached in organization org-AbC123456789.';
    const { choices, error } = openaiResponses.decodeResponse({
      ...json('failed.json'),
      status: 'failed',
      error: { code, message },
    });
    expect([choices, error]).toEqual([[], { status, kind, message }]);
  });

  it.each(['cancelled', 'in_progress'])('status %s is an error of the provider', (status) => {
    expect(() => openaiResponses.decodeResponse({ ...json('failed.json'), status })).toThrow(
      expect.objectContaining({ code: 'upstream_error', origin: 'remote' }),
    );
  });

  it('an answer without output is an error of the provider', () => {
    expect(() => openaiResponses.decodeResponse({})).toThrow(expect.objectContaining({ code: 'upstream_error' }));
  });
});

describe('encodeResponse', () => {
  it('gives a full Response that repeats the settings of the request', () => {
    const response = openaiResponses.decodeResponse(json('tools.json'));
    const request = { model: 'small', input: 'x', temperature: 0.3, instructions: 'Be brief.', metadata: { a: 'b' } };
    const body = openaiResponses.encodeResponse(response, { id: '01abc', model: 'small', request, atp: ATP });
    expect(body).toMatchObject({
      id: 'resp_01abc',
      object: 'response',
      created_at: 1_764_000_000,
      status: 'completed',
      model: 'small',
      temperature: 0.3,
      instructions: 'Be brief.',
      metadata: { a: 'b' },
      store: false,
      error: null,
      incomplete_details: null,
      previous_response_id: null,
      tools: [],
      tool_choice: 'auto',
      text: { format: { type: 'text' } },
    });
    // What it cost is in the headers.
    expect(body['atp']).toBeUndefined();
    expect(body['output']).toEqual([
      {
        id: 'rs_atp_01abc_0',
        type: 'reasoning',
        summary: [{ type: 'summary_text', text: 'Two cities.\n\nAsk for both.' }],
        encrypted_content: 'gAAAA-enc',
      },
      {
        id: 'msg_01abc_1',
        type: 'message',
        status: 'completed',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'Let me look.', annotations: [], logprobs: [] }],
      },
      {
        id: 'fc_01abc_2',
        type: 'function_call',
        status: 'completed',
        call_id: 'call_a',
        name: 'get_weather',
        arguments: '{"city":"Paris"}',
      },
      {
        id: 'fc_01abc_3',
        type: 'function_call',
        status: 'completed',
        call_id: 'call_b',
        name: 'get_weather',
        arguments: '{"city":"Rome"}',
      },
    ]);
    expect(body['usage']).toEqual({
      input_tokens: 120,
      input_tokens_details: { cached_tokens: 100, cache_write_tokens: 5 },
      output_tokens: 64,
      output_tokens_details: { reasoning_tokens: 32 },
      total_tokens: 184,
    });
  });

  it.each(['plain', 'tools', 'incomplete', 'refusal', 'logprobs', 'hosted'])('decodes back to the same: %s', (name) => {
    const response = openaiResponses.decodeResponse(json(`${name}.json`));
    const again = openaiResponses.decodeResponse(openaiResponses.encodeResponse(response, { id: 'x', model: 'y' }));
    expect(again).toEqual({ ...response, id: 'resp_x', model: 'y' });
  });

  it('marks an answer that was cut', () => {
    const cut = { finish: 'length', parts: [{ type: 'text', text: 'Once' }] } as const;
    expect(
      openaiResponses.encodeResponse({ id: '', model: '', created_s: 1, choices: [cut] }, { id: 'x', model: 'y' }),
    ).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output: [{ status: 'incomplete' }],
      usage: null,
    });
  });

  it('keeps encrypted thoughts of other shapes to itself', () => {
    const parts = [{ type: 'thinking', text: '', redacted: 'theirs', origin: 'anthropic-messages' }] as const;
    const choices = [{ finish: 'stop', parts }] as const;
    const body = openaiResponses.encodeResponse({ id: '', model: '', created_s: 1, choices }, { id: 'x', model: 'y' });
    expect(body['output']).toEqual([]);
  });
});

describe('errors', () => {
  it('reads the provider’s', () => {
    expect(openaiResponses.decodeError(400, fixture('error-400.json'))).toEqual({
      status: 400,
      kind: 'invalid_request',
      message: "Invalid value: 'turbo'.",
    });
    expect(openaiResponses.decodeError(429, fixture('error-429.json')).kind).toBe('rate_limited');
    expect(openaiResponses.decodeError(502, '<html>').message).toMatch(/HTML/);
  });

  it('writes its own, whole and into a stream', () => {
    const error = new AtpError('rate_limited', 'Slow down.', { param: 'model', retry_after_ms: 1_500 });
    const detail = {
      message: 'Slow down.',
      type: 'rate_limit_error',
      param: 'model',
      code: 'rate_limited',
      request_id: 'r1',
      origin: 'local',
      retry_after_ms: 1_500,
    };
    expect(openaiResponses.encodeError(error, 'r1')).toEqual({ status: 429, body: { error: detail } });
    const frame = openaiResponses.encodeStreamError(error, 'r1');
    expect(frame.startsWith('event: error\ndata: ')).toBe(true);
    expect(JSON.parse(frame.split('\n')[1]?.slice(6) ?? '')).toEqual({
      type: 'error',
      sequence_number: 0,
      code: 'rate_limited',
      message: 'Slow down.',
      param: 'model',
      error: detail,
    });
  });
});
