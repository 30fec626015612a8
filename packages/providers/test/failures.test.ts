import type { RemoteError } from '@atp-router/dialects';
import { describe, expect, test } from 'vitest';
import {
  classify,
  type HeaderReader,
  RETRY_AFTER_MS_MAX,
  retryAfter_ms,
  type TransportFailureKind,
} from '../src/index.ts';

const headers = (values: Readonly<Record<string, string>>): HeaderReader => ({ get: (name) => values[name] });
const NOW_MS = Date.UTC(2026, 2, 7, 12, 0, 0);

describe('retryAfter_ms', () => {
  test.each<[string, Record<string, string>, number | undefined]>([
    ['nothing', {}, undefined],
    ['seconds', { 'retry-after': '7' }, 7_000],
    ['a fraction', { 'retry-after': '0.25' }, 250],
    ['an HTTP date', { 'retry-after': 'Sat, 07 Mar 2026 12:00:30 GMT' }, 30_000],
    ['a date that has passed', { 'retry-after': 'Sat, 07 Mar 2026 11:00:00 GMT' }, 0],
    ['milliseconds, before seconds', { 'retry-after-ms': '1500', 'retry-after': '60' }, 1_500],
    ['nonsense', { 'retry-after': 'soon' }, undefined],
    ['a negative number', { 'retry-after': '-5' }, undefined],
    ['more than a day', { 'retry-after': '9999999' }, RETRY_AFTER_MS_MAX],
    ['OpenAI durations', { 'x-ratelimit-reset-requests': '1s', 'x-ratelimit-reset-tokens': '6m0s' }, 360_000],
    ['OpenAI milliseconds', { 'x-ratelimit-reset-requests': '20ms' }, 20],
    [
      'only the window that is used up',
      {
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '1.5s',
        'x-ratelimit-remaining-tokens': '9000',
        'x-ratelimit-reset-tokens': '6m0s',
      },
      1_500,
    ],
    ['Anthropic dates', { 'anthropic-ratelimit-tokens-reset': '2026-03-07T12:00:05Z' }, 5_000],
    ['seconds since 1970', { 'x-ratelimit-reset': String(NOW_MS / 1_000 + 9) }, 9_000],
    ['the draft standard', { 'ratelimit-remaining': '0', 'ratelimit-reset': '50' }, 50_000],
  ])('%s', (_, values, expected) => {
    expect(retryAfter_ms(headers(values), NOW_MS)).toBe(expected);
  });
});

describe('classify', () => {
  const answer = (error: Partial<RemoteError>, more: Record<string, string> = {}, in_stream = false) =>
    classify(
      {
        type: 'answer',
        error: { status: 500, kind: 'server', message: '', ...error },
        headers: headers(more),
        in_stream,
      },
      NOW_MS,
    );

  test.each<[RemoteError['kind'], number, 'request' | 'target' | 'transient', boolean]>([
    ['invalid_request', 400, 'request', false],
    ['content_filter', 400, 'request', false],
    ['too_large', 413, 'target', false],
    ['unauthorized', 401, 'target', true],
    ['permission', 403, 'target', true],
    ['not_found', 404, 'target', true],
    ['quota', 429, 'target', true],
    ['rate_limited', 429, 'transient', false],
    ['overloaded', 529, 'transient', true],
    ['server', 500, 'transient', true],
    ['server', 504, 'transient', true],
    ['server', 501, 'target', false],
    ['invalid_request', 408, 'transient', true],
    ['invalid_request', 409, 'transient', true],
  ])('%s with %i is of scope %s', (kind, status, scope, counts_for_breaker) => {
    expect(answer({ kind, status })).toEqual({
      scope,
      retryable: scope === 'transient',
      counts_for_breaker,
      may_have_cost: false,
    });
  });

  test('an error after the answer began may have cost', () => {
    expect(answer({}, {}, true).may_have_cost).toBe(true);
  });

  test('the provider may say in words whether to retry', () => {
    expect(answer({ kind: 'invalid_request', status: 400 }, { 'x-should-retry': 'true' }).scope).toBe('transient');
    expect(answer({}, { 'x-should-retry': 'false' }).scope).toBe('target');
    expect(answer({ kind: 'invalid_request', status: 400 }, { 'x-should-retry': 'false' }).scope).toBe('request');
  });

  test('when to come back: the header wins over the body', () => {
    const error = { kind: 'rate_limited', status: 429, retry_after_ms: 17_000 } as const;
    expect(answer(error).retry_after_ms).toBe(17_000);
    expect(answer(error, { 'retry-after': '3' }).retry_after_ms).toBe(3_000);
  });

  test.each<[TransportFailureKind, string, boolean, boolean]>([
    ['connect', 'transient', true, false],
    ['reset', 'transient', true, true],
    ['head_timeout', 'transient', true, true],
    ['idle_timeout', 'transient', true, true],
    ['truncated', 'transient', true, true],
    ['too_large', 'target', false, true],
    ['cancelled', 'request', false, true],
  ])('%s is of scope %s', (kind, scope, counts_for_breaker, may_have_cost) => {
    expect(classify({ type: 'transport', kind }, NOW_MS)).toEqual({
      scope,
      retryable: scope === 'transient',
      counts_for_breaker,
      may_have_cost,
    });
  });
});
