import { describe, expect, test } from 'vitest';
import { gemini } from '../../src/gemini/index.ts';
import { decodeStream, fixtureBytes } from './wire.ts';

const usage = (out_tokens: number): object => ({
  type: 'usage',
  usage: { in_tokens: 12, out_tokens, cached_in_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 33 },
});

describe('gemini: streams', () => {
  test('text: usage counts from the beginning in each frame, and there is no end mark', () => {
    const { events, pending_bytes } = decodeStream(gemini, [fixtureBytes('gemini/stream.sse')]);
    expect(events).toEqual([
      { type: 'start', id: 'zHJRaPvBHvGgvdIP', model: 'gemini-2.5-flash', created_s: 0 },
      { type: 'text', choice: 0, delta: 'The sky' },
      usage(35),
      { type: 'text', choice: 0, delta: ' is blue: Ünïcödé.' },
      usage(39),
      { type: 'finish', choice: 0, reason: 'stop' },
      usage(41),
    ]);
    expect(pending_bytes).toBe(0);
  });

  test.each(['stream', 'tools-stream', 'error-stream', 'cut-stream'])('%s is the same wherever it is split', (name) => {
    const bytes = fixtureBytes(`gemini/${name}.sse`);
    const whole = decodeStream(gemini, [bytes]);
    for (let at = 0; at <= bytes.length; at += 1) {
      expect(decodeStream(gemini, [bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
    }
  });

  test('an error inside the stream is an error event, with the status that its name stands for', () => {
    const { events } = decodeStream(gemini, [fixtureBytes('gemini/error-stream.sse')]);
    expect(events[events.length - 1]).toEqual({
      type: 'error',
      error: { status: 503, kind: 'overloaded', message: 'The model is overloaded. Please try again later.' },
    });
  });

  test('a cut stream has no finish, and bytes of a frame are left over', () => {
    const { events, pending_bytes } = decodeStream(gemini, [fixtureBytes('gemini/cut-stream.sse')]);
    expect(events.map((e) => e.type)).toEqual(['start', 'text', 'usage']);
    expect(pending_bytes).toBeGreaterThan(0);
  });

  test('a prompt blocked before the first token', () => {
    const frame = { event: '', data: '{"promptFeedback":{"blockReason":"SAFETY"}}', raw: new Uint8Array() };
    expect(gemini.streamDecoder().push(frame)).toEqual([
      { type: 'start', id: '', model: '', created_s: 0 },
      { type: 'refusal', choice: 0, delta: 'The provider blocked the prompt (SAFETY).' },
      { type: 'finish', choice: 0, reason: 'content_filter' },
    ]);
  });

  test('malformed JSON ends the stream as the fault of the provider', () => {
    const push = (data: string) => () => gemini.streamDecoder().push({ event: '', data, raw: new Uint8Array() });
    expect(push('{"candidates":')).toThrowError(/not valid JSON/);
    expect(push('[1]')).toThrowError(/not a JSON object/);
    expect(push('')()).toEqual([]);
  });
});
