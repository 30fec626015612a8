import { AtpError, ERROR_CATALOGUE } from '@atp-router/kernel';
import { describe, expect, it } from 'vitest';
import {
  decodeJson,
  encodeJson,
  errorPayload,
  errorPayloadOf,
  FRAME_FAULTS,
  FrameError,
  isFrameError,
  isWireCode,
  type Payload,
  WIRE_ERRORS,
} from '../src/index.ts';
import { BARE, refusal } from './support/frames.ts';

const sent = (payload: Payload): unknown => decodeJson(encodeJson({ ...BARE, payload })).payload?.content;

describe('the catalogue of wire errors', () => {
  it('has every code that the router maps its own errors to, and a hint for each', () => {
    for (const { wire } of Object.values(ERROR_CATALOGUE)) expect(isWireCode(wire)).toBe(true);
    for (const [code, { hint, meaning }] of Object.entries(WIRE_ERRORS)) {
      expect(hint.endsWith('.'), code).toBe(true);
      expect(meaning.endsWith('.'), code).toBe(true);
    }
    expect(isWireCode('toString')).toBe(false);
  });

  it('makes payloads that can be sent', () => {
    expect(sent(errorPayload('EBUDGET'))).toEqual({ code: 'EBUDGET', reason: 'Raise the budget.' });
    expect(sent(errorPayload('EWINDOW', { reason: 'Full.', retry_after_ms: 20, details: { calls: 3 } }))).toEqual({
      code: 'EWINDOW',
      reason: 'Full.',
      retry_after_ms: 20,
      details: { calls: 3 },
    });
    const long = sent(errorPayload('EPOLICY', { reason: '😀'.repeat(2_000) })) as { reason: string };
    expect([...long.reason]).toHaveLength(1_024);
  });

  it('tells errors of the router by their code, and nothing of what is none', () => {
    const error = new AtpError('rate_limited', 'Wait.', {
      retry_after_ms: 5,
      param: 'window_calls',
      details: { n: 1 },
    });
    expect(sent(errorPayloadOf(error))).toEqual({
      code: 'EWINDOW',
      reason: 'Wait.',
      retry_after_ms: 5,
      details: { n: 1, error: 'rate_limited', origin: 'local', param: 'window_calls' },
    });
    expect(JSON.stringify(errorPayloadOf(new Error('the secret is s3cr3t')))).not.toContain('s3cr3t');
  });
});

describe('frame errors', () => {
  it('say what and where, and quote nothing', () => {
    const secret = 'a prompt that nobody else may see';
    const frames = [
      `{"v":1,"session_id":"s","stream_id":"t","msg_seq":0,"payload":{"type":"x","content":{"${secret}":1e400}}}`,
      `{"v":1,"session_id":"s","stream_id":"t","msg_seq":0,"${secret}":["${secret}",1e400]}`,
      `{"v":1,"session_id":"s","stream_id":"t","msg_seq":0,"payload":{"type":"control.status","content":{"status":"READY","metrics":{"${secret}":"x"}}}}`,
      `{"v":1,"qos":"${secret}"`,
    ];
    for (const text of frames) {
      const payload = JSON.stringify(errorPayloadOf(thrownBy(() => decodeJson(text))));
      expect(payload).toContain('EPROTO');
      expect(payload).not.toContain('prompt');
    }
    expect(refusal(() => decodeJson(frames[2] ?? ''))).toMatchObject({ path: 'payload.content.metrics.*' });
  });

  it('can be sent', () => {
    const error = new FrameError('value', { path: 'ttl' });
    expect(sent(errorPayloadOf(error))).toEqual({
      code: 'EPROTO',
      reason: 'a field with a value that is not allowed in ttl (value)',
      details: { fault: 'value', path: 'ttl' },
    });
    expect(errorPayloadOf(new FrameError('truncated', { offset: 7 })).content.details).toEqual({
      fault: 'truncated',
      offset: 7,
    });
    for (const fault of Object.keys(FRAME_FAULTS) as (keyof typeof FRAME_FAULTS)[]) {
      expect(new FrameError(fault).message).toBe(`${FRAME_FAULTS[fault]} (${fault})`);
    }
  });

  it('are known by a brand, not by their class', () => {
    expect(isFrameError(new FrameError('syntax'))).toBe(true);
    expect(isFrameError(new Error('syntax'))).toBe(false);
    expect(isFrameError(null)).toBe(false);
  });
});

function thrownBy(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
