import { describe, expect, test } from 'vitest';
import { gemini } from '../../src/gemini/index.ts';
import { fixtureText } from './wire.ts';

describe('gemini: errors', () => {
  test('a wrong key is a 400 that names its reason', () => {
    expect(gemini.decodeError(400, fixtureText('gemini/error-key.json'))).toEqual({
      status: 400,
      kind: 'unauthorized',
      message: 'API key not valid. Please pass a valid API key.',
    });
  });

  test('a limit per minute says in the body when to come back', () => {
    expect(gemini.decodeError(429, fixtureText('gemini/error-quota.json'))).toEqual({
      status: 429,
      kind: 'rate_limited',
      message: 'You exceeded your current quota, please check your plan and billing details.',
      retry_after_ms: 17_500,
    });
  });

  test('a limit per day is a quota', () => {
    const text = fixtureText('gemini/error-quota.json').replace('PerMinute', 'PerDay');
    expect(gemini.decodeError(429, text).kind).toBe('quota');
  });

  test.each([
    [400, '{"error":{"code":400,"message":"Bad","status":"INVALID_ARGUMENT"}}', 'invalid_request', 400],
    [
      400,
      '{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}',
      'too_large',
      400,
    ],
    [
      400,
      '{"error":{"code":400,"message":"User location is not supported.","status":"FAILED_PRECONDITION"}}',
      'permission',
      400,
    ],
    [404, '{"error":{"code":404,"message":"models/x is not found","status":"NOT_FOUND"}}', 'not_found', 404],
    [500, '[{"error":{"code":500,"message":"Internal","status":"INTERNAL"}}]', 'server', 500],
    [502, '{"error":{"message":"busy","status":"UNAVAILABLE"}}', 'overloaded', 503],
    [502, '<html>Bad gateway</html>', 'server', 502],
    [503, '{}', 'overloaded', 503],
  ])('%i %s', (status, body, kind, seen) => {
    expect(gemini.decodeError(status, body)).toMatchObject({ kind, status: seen });
  });
});
