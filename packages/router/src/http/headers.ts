import type { HttpExchange } from '@atp-router/adapters';
import type { Headroom } from '@atp-router/flow';
import { AtpError, isQos, NANOS_PER_MICRO, untilNextUtcDay_ms, usdToNanos } from '@atp-router/kernel';
import { factsOfText } from '@atp-router/routing';
import type { AnswerMeta } from '../engine/client.ts';
import { type Quality, QUALITY_WORDS, qualityOf } from '../auto/quality.ts';
import type { CallOptions } from '../engine/request.ts';

const TOKEN = /^[A-Za-z0-9._:-]{1,128}$/;
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const ZEROS = /^0+$/;
const DEADLINE_MS_MAX = 86_400_000;
const IDEMPOTENCY_KEY_CHARS_MAX = 255;
const SCOPES_MAX = 16;

/** Reads the `x-atp-*`, `idempotency-key` and `traceparent` headers. Throws `invalid_request` naming the header. */
export function readOptions(exchange: HttpExchange): CallOptions {
  assertKnown(exchange.headersLike(PREFIX));
  const qos = exchange.header('x-atp-qos');
  if (qos !== undefined && !isQos(qos)) throw bad('x-atp-qos', 'gold, silver or bronze');
  const task_type = token(exchange, 'x-atp-task-type');
  const scopes = exchange.header('x-atp-data-scope');
  const facts = exchange.header('x-atp-facts');
  const max_usd = exchange.header('x-atp-max-usd');
  const deadline = exchange.header('x-atp-deadline-ms');
  const quality = exchange.header('x-atp-quality');
  const key = exchange.header('idempotency-key');
  if (key !== undefined && (key === '' || key.length > IDEMPOTENCY_KEY_CHARS_MAX)) {
    throw bad('idempotency-key', `1 to ${IDEMPOTENCY_KEY_CHARS_MAX} characters`);
  }
  const trace = readTrace(exchange.header('traceparent'));
  return {
    data_scopes: scopes === undefined ? NO_SCOPES : readScopes(scopes),
    qos,
    task_type,
    quality: quality === undefined ? undefined : readQuality(quality),
    facts: facts === undefined ? undefined : factsOfText(facts, 'x-atp-facts'),
    max_usd_nanos: max_usd === undefined ? undefined : usdToNanos(readUsd(max_usd), 'x-atp-max-usd'),
    deadline_ms: deadline === undefined ? undefined : readDeadline(deadline),
    cache: readCacheControl(exchange.header('cache-control')),
    idempotency_key: key,
    trace,
  };
}

/** What a request says of caches (RFC 9111, 5.2.1); all else is for others. */
function readCacheControl(value: string | undefined): CallOptions['cache'] {
  if (value === undefined) return undefined;
  const words = value
    .toLowerCase()
    .split(',')
    .map((word) => word.trim());
  if (words.includes('no-store')) return 'no_store';
  return words.includes('no-cache') ? 'no_cache' : undefined;
}

const PREFIX = 'x-atp-';
const REQUEST_HEADERS: readonly string[] = [
  'x-atp-qos',
  'x-atp-task-type',
  'x-atp-data-scope',
  'x-atp-facts',
  'x-atp-max-usd',
  'x-atp-deadline-ms',
  'x-atp-quality',
];
/** Those of answers, which a client or a proxy may send on, and which mean nothing in a request. */
const ANSWER_HEADERS: readonly string[] = [
  ...['x-atp-request-id', 'x-atp-model', 'x-atp-attempts', 'x-atp-cost-usd-micros', 'x-atp-ignored'],
  ...['x-atp-simulated', 'x-atp-warning', 'x-atp-idempotent-replay', 'x-atp-cache'],
];
const KNOWN: ReadonlySet<string> = new Set([...REQUEST_HEADERS, ...ANSWER_HEADERS]);

/** A cap that was misspelt must not look like one that holds. */
function assertKnown(names: readonly string[]): void {
  for (const name of names) {
    if (KNOWN.has(name)) continue;
    throw new AtpError(
      'invalid_request',
      `There is no header "${name.slice(0, 64)}". The router knows ${REQUEST_HEADERS.join(', ')}.`,
      { param: name.slice(0, 64) },
    );
  }
}

/**
 * A malformed traceparent starts a new trace (W3C Trace Context, 3.2 and 4.3), so it is no error. Version `ff` and ids of
 * zeros are malformed; later versions may add fields behind a dash, version 00 has none.
 */
export function readTrace(value: string | undefined): NonNullable<CallOptions['trace']> | undefined {
  const [, version, trace_id, parent_span_id, flags, more] =
    (value === undefined ? undefined : TRACEPARENT.exec(value)) ?? [];
  if (trace_id === undefined || parent_span_id === undefined || flags === undefined) return undefined;
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (ZEROS.test(trace_id) || ZEROS.test(parent_span_id)) return undefined;
  return { trace_id, parent_span_id, trace_sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

const NO_SCOPES: readonly string[] = [];

function readScopes(value: string): readonly string[] {
  const scopes = value.split(',').map((scope) => scope.trim());
  if (scopes.length > SCOPES_MAX || !scopes.every((scope) => TOKEN.test(scope))) {
    throw bad('x-atp-data-scope', `up to ${SCOPES_MAX} names separated by commas`);
  }
  return scopes;
}

function readDeadline(value: string): number {
  const deadline_ms = /^\d{1,12}(\.0{1,9})?$/.test(value) ? Number(value) : Number.NaN;
  if (!(deadline_ms >= 1 && deadline_ms <= DEADLINE_MS_MAX)) {
    throw bad('x-atp-deadline-ms', `an integer from 1 to ${DEADLINE_MS_MAX}`);
  }
  return deadline_ms;
}

function token(exchange: HttpExchange, name: string): string | undefined {
  const value = exchange.header(name);
  if (value !== undefined && !TOKEN.test(value)) throw bad(name, 'letters, digits and . _ : - only, up to 128');
  return value;
}

function readQuality(value: string): Quality {
  const quality = qualityOf(value);
  if (quality === undefined) throw bad('x-atp-quality', QUALITY_WORDS);
  return quality;
}

function readUsd(value: string): number {
  if (/^\d{1,12}(\.\d{1,9})?$/.test(value)) return Number(value);
  throw bad('x-atp-max-usd', 'a decimal number of US dollars, 0 or more, with up to 9 places behind the point');
}

function bad(name: string, expected: string): AtpError {
  return new AtpError('invalid_request', `Header "${name}" must be ${expected}.`, { param: name });
}

/** Header values must be visible ASCII; names from configuration and upstreams may not be. */
function safe(value: string): string {
  return value.replace(/[^\x21-\x7e ]/g, '?');
}

/** What every answer to a call says of itself. Cost and attempts are final for whole answers, so far for streams. */
export function answerHeaders(meta: AnswerMeta, content_type: string): string[] {
  const headers = ['content-type', content_type, 'x-atp-request-id', meta.call_id];
  if (meta.model !== undefined) headers.push('x-atp-model', safe(meta.model));
  if (meta.attempts !== undefined) headers.push('x-atp-attempts', String(meta.attempts));
  if (meta.cost_usd_micros !== undefined) headers.push('x-atp-cost-usd-micros', String(meta.cost_usd_micros));
  if (meta.energy_joules !== undefined) headers.push('x-atp-energy-joules', String(meta.energy_joules));
  if (meta.co2e_mg !== undefined) headers.push('x-atp-co2e-mg', String(meta.co2e_mg));
  if (meta.ignored !== undefined && meta.ignored.length > 0)
    headers.push('x-atp-ignored', safe(meta.ignored.join(', ')));
  if (meta.simulated === true) headers.push('x-atp-simulated', 'true');
  if (meta.deprecated === true) headers.push('x-atp-warning', 'this model is deprecated');
  if (meta.cache !== undefined) headers.push('x-atp-cache', meta.cache);
  if (meta.replayed === true) headers.push('x-atp-idempotent-replay', 'true');
  return headers;
}

/**
 * `x-ratelimit-*`: windows as requests and tokens, the day's money where it is limited. A window that has room needs no reset;
 * one that has none gets it at the pace of its queue (`wait_ms`), where that is known.
 */
export function rateLimitHeaders(room: Headroom, now_ms: number, wait_ms: number | undefined, headers: string[]): void {
  push(headers, 'x-ratelimit-limit-requests', room.calls_limit, 'x-ratelimit-remaining-requests', room.calls_left);
  pushReset(headers, 'x-ratelimit-reset-requests', room.calls_limit, room.calls_left, wait_ms);
  push(headers, 'x-ratelimit-limit-tokens', room.tokens_limit, 'x-ratelimit-remaining-tokens', room.tokens_left);
  pushReset(headers, 'x-ratelimit-reset-tokens', room.tokens_limit, room.tokens_left, wait_ms);
  if (room.usd_nanos_limit === Number.POSITIVE_INFINITY) return;
  const limit = Math.floor(room.usd_nanos_limit / NANOS_PER_MICRO);
  const left = Math.floor(room.usd_nanos_left / NANOS_PER_MICRO);
  push(headers, 'x-ratelimit-limit-usd-micros', limit, 'x-ratelimit-remaining-usd-micros', left);
  headers.push('x-ratelimit-reset-usd-micros', `${Math.ceil(untilNextUtcDay_ms(now_ms) / 1_000)}s`);
}

function pushReset(headers: string[], name: string, limit: number, left: number, wait_ms: number | undefined): void {
  if (limit === Number.POSITIVE_INFINITY) return;
  if (left > 0) headers.push(name, '0s');
  else if (wait_ms !== undefined) headers.push(name, `${Math.ceil(wait_ms)}ms`);
}

function push(headers: string[], limit_name: string, limit: number, left_name: string, left: number): void {
  if (limit === Number.POSITIVE_INFINITY) return;
  headers.push(limit_name, String(limit), left_name, String(Math.max(0, left)));
}

/** `retry-after` in whole seconds, and whether the official clients should retry by themselves. */
export function errorHeaders(error: AtpError, headers: string[]): void {
  if (error.retry_after_ms !== undefined) {
    headers.push('retry-after', String(Math.max(1, Math.ceil(error.retry_after_ms / 1_000))));
  }
  headers.push('x-should-retry', error.retryable ? 'true' : 'false');
}
