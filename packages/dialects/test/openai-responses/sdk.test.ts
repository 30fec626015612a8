import { createOpenAI } from '@ai-sdk/openai';
import { anthropicMessages, type GenEvent, openaiResponses } from '@atp-router/dialects';
import { AtpError, type JsonObject } from '@atp-router/kernel';
import { jsonSchema, streamText, tool } from 'ai';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { decodeFixture } from '../shared/wire.ts';
import { encodeStream, eventsOfStream, fixture, json, typedEvents } from './wire.ts';

/** The official clients, reading the bytes that this codec writes. */

function answering(body: string, type: string, status = 200): () => Promise<Response> {
  return () => Promise.resolve(new Response(body, { status, headers: { 'content-type': type } }));
}

function openai(body: string, type = 'text/event-stream', status = 200): OpenAI {
  return new OpenAI({
    apiKey: 'k',
    baseURL: 'http://127.0.0.1/v1',
    maxRetries: 0,
    fetch: answering(body, type, status),
  });
}

const TOOLS: GenEvent[] = eventsOfStream(fixture('tools.sse'));

describe('openai client', () => {
  it('reads a whole answer', async () => {
    const response = openaiResponses.decodeResponse(json('tools.json'));
    const body = openaiResponses.encodeResponse(response, { id: '01', model: 'small' });
    const answer = await openai(JSON.stringify(body), 'application/json').responses.create({
      model: 'small',
      input: 'x',
    });
    expect(answer.output_text).toBe('Let me look.');
    expect(answer.output.map((item) => item.type)).toEqual(['reasoning', 'message', 'function_call', 'function_call']);
    expect(answer.usage?.output_tokens_details.reasoning_tokens).toBe(32);
  });

  it('accumulates a stream to the very answer that the closing event repeats', async () => {
    const stream = openai(encodeStream(TOOLS)).responses.stream({ model: 'small', input: 'x' });
    const texts: string[] = [];
    const args: string[] = [];
    stream.on('response.output_text.delta', (event) => texts.push(event.snapshot));
    stream.on('response.function_call_arguments.delta', (event) => args.push(event.snapshot));
    const final = await stream.finalResponse();
    expect(texts).toEqual(['Let me look.']);
    expect(args).toEqual(['{"ci', '{"city":"Paris"}', '{"city":', '{"city":"Rome"}']);
    expect(final.status).toBe('completed');
    expect(final.output_text).toBe('Let me look.');
    expect(final.output.map((item) => item.type)).toEqual(['reasoning', 'message', 'function_call', 'function_call']);
    expect(final).toMatchObject({ atp: { cost_usd_micros: 42 } });
  });

  it('accepts every event while it accumulates, also interleaved calls, refusals and log-probabilities', async () => {
    const events: GenEvent[] = [
      { type: 'start', id: 'u', model: 'm', created_s: 1 },
      { type: 'thinking', choice: 0, delta: 'a', origin: 'anthropic-messages' },
      { type: 'thinking_signature', choice: 0, signature: 's' },
      { type: 'thinking', choice: 0, delta: 'b', origin: 'anthropic-messages' },
      { type: 'text', choice: 0, delta: 'one' },
      {
        type: 'logprobs',
        choice: 0,
        content: { content: [{ token: 'one', logprob: -1, bytes: null, top_logprobs: [] }] },
      },
      { type: 'refusal', choice: 0, delta: 'no' },
      { type: 'tool_call', choice: 0, index: 0, id: 'c0', name: 'f' },
      { type: 'tool_args', choice: 0, index: 0, delta: '{"a"' },
      { type: 'tool_call', choice: 0, index: 1, id: 'c1', name: 'g' },
      { type: 'tool_args', choice: 0, index: 0, delta: ':1}' },
      { type: 'text', choice: 0, delta: 'two' },
      { type: 'finish', choice: 0, reason: 'tool_calls' },
    ];
    const stream = openai(encodeStream(events)).responses.stream({ model: 'small', input: 'x' });
    const final = await stream.finalResponse();
    expect(final.output_text).toBe('onetwo');
    expect(final.output.map((item) => item.type)).toEqual([
      'reasoning',
      'reasoning',
      'message',
      'function_call',
      'function_call',
      'message',
    ]);
  });

  it('is told of thinking by Claude once, and of thinking that is not shown nothing', async () => {
    const body = encodeStream(decodeFixture(anthropicMessages, 'anthropic-messages/thinking.sse'));
    const told = typedEvents(body).filter(({ type }) => String(type).startsWith('response.reasoning'));
    expect(told.map(({ type, delta }) => [type, delta])).toEqual([
      ['response.reasoning_summary_part.added', undefined],
      ['response.reasoning_summary_text.delta', 'I should '],
      ['response.reasoning_summary_text.delta', 'check.'],
      ['response.reasoning_summary_text.done', undefined],
      ['response.reasoning_summary_part.done', undefined],
    ]);
    const final = await openai(body).responses.stream({ model: 'small', input: 'x' }).finalResponse();
    expect(final.output).toMatchObject([
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'I should check.' }] },
      { type: 'message' },
    ]);
    expect(final.output_text).toBe('Done.');
  });

  it('repeats settings that its own parser needs', async () => {
    const request: JsonObject = {
      model: 'small',
      input: 'x',
      tools: [{ type: 'function', name: 'get_weather', parameters: {}, strict: true }],
    };
    const stream = openai(encodeStream(TOOLS, request)).responses.stream({ model: 'small', input: 'x' });
    const final = await stream.finalResponse();
    expect(final.tools).toEqual([
      { type: 'function', name: 'get_weather', description: null, parameters: {}, strict: true },
    ]);
  });

  it('sees an answer that was cut as incomplete', async () => {
    const events = eventsOfStream(fixture('incomplete.sse'));
    const final = await openai(encodeStream(events)).responses.stream({ model: 'small', input: 'x' }).finalResponse();
    expect(final).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
    expect(final.output_text).toBe('Once upon');
  });

  it('throws on an error inside the stream', async () => {
    const begun = encodeStream(TOOLS).split('event: response.completed')[0] ?? '';
    const error = openaiResponses.encodeStreamError(new AtpError('stream_truncated', 'The provider broke off.'), 'r1');
    const stream = openai(begun + error).responses.stream({ model: 'small', input: 'x' });
    await expect(stream.finalResponse()).rejects.toThrow('The provider broke off.');
  });

  it('throws its own class for an error answer', async () => {
    const { status, body } = openaiResponses.encodeError(new AtpError('rate_limited', 'Slow down.'), 'r1');
    const call = openai(JSON.stringify(body), 'application/json', status).responses.create({ model: 'm', input: 'x' });
    await expect(call).rejects.toBeInstanceOf(OpenAI.RateLimitError);
  });
});

describe('ai client', () => {
  it('streams text, reasoning and tool calls', async () => {
    const provider = createOpenAI({
      apiKey: 'k',
      baseURL: 'http://127.0.0.1/v1',
      fetch: answering(encodeStream(TOOLS), 'text/event-stream'),
    });
    const result = streamText({
      model: provider.responses('small'),
      prompt: 'x',
      tools: { get_weather: tool({ inputSchema: jsonSchema<{ city: string }>({ type: 'object' }) }) },
    });
    expect(await result.text).toBe('Let me look.');
    expect(await result.reasoningText).toBe('Two cities.\n\nAsk for both.');
    expect((await result.toolCalls).map((call) => [call.toolCallId, call.input])).toEqual([
      ['call_a', { city: 'Paris' }],
      ['call_b', { city: 'Rome' }],
    ]);
    expect(await result.finishReason).toBe('tool-calls');
    expect(await result.usage).toMatchObject({ inputTokens: 120, outputTokens: 64 });
  });
});
