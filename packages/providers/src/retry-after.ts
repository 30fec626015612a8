import type { HeaderReader } from './types.ts';

/** A provider that asks for more than a day is taken to ask for a day; no call lives that long anyway. */
export const RETRY_AFTER_MS_MAX: number = 86_400_000;

/**
 * Milliseconds that a provider asks to wait, from the most to the least exact header; undefined when it says nothing.
 * Sources: RFC 9110 §10.2.3 (seconds or date), OpenAI (`retry-after-ms`, `x-ratelimit-reset-*` as `1s` or `6m0s`),
 * Anthropic (`anthropic-ratelimit-*-reset` as RFC 3339), draft-ietf-httpapi-ratelimit-headers (`ratelimit-reset`).
 */
export function retryAfter_ms(headers: HeaderReader, now_ms: number): number | undefined {
  const ms = number(headers.get('retry-after-ms'));
  if (ms !== undefined) return bounded(ms);
  const plain = headers.get('retry-after');
  if (plain !== undefined) {
    const wait_ms = secondsOrDate(plain, now_ms);
    if (wait_ms !== undefined) return bounded(wait_ms);
  }
  return resetOf(headers, now_ms);
}

/** Windows by what is counted. Anthropic and OpenAI keep several and only those that are used up matter. */
const WINDOWS: readonly (readonly [remaining: string, reset: string])[] = [
  ['x-ratelimit-remaining-requests', 'x-ratelimit-reset-requests'],
  ['x-ratelimit-remaining-tokens', 'x-ratelimit-reset-tokens'],
  ['anthropic-ratelimit-requests-remaining', 'anthropic-ratelimit-requests-reset'],
  ['anthropic-ratelimit-tokens-remaining', 'anthropic-ratelimit-tokens-reset'],
  ['anthropic-ratelimit-input-tokens-remaining', 'anthropic-ratelimit-input-tokens-reset'],
  ['anthropic-ratelimit-output-tokens-remaining', 'anthropic-ratelimit-output-tokens-reset'],
  ['x-ratelimit-remaining', 'x-ratelimit-reset'],
  ['ratelimit-remaining', 'ratelimit-reset'],
];

function resetOf(headers: HeaderReader, now_ms: number): number | undefined {
  let longest_ms: number | undefined;
  for (const [remaining, reset] of WINDOWS) {
    const text = headers.get(reset);
    if (text === undefined) continue;
    const left = number(headers.get(remaining));
    if (left !== undefined && left > 0) continue;
    const wait_ms = duration(text) ?? secondsOrDate(text, now_ms);
    if (wait_ms !== undefined) longest_ms = Math.max(longest_ms ?? 0, wait_ms);
  }
  return longest_ms === undefined ? undefined : bounded(longest_ms);
}

function bounded(wait_ms: number): number {
  return Math.ceil(Math.min(RETRY_AFTER_MS_MAX, Math.max(0, wait_ms)));
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d+(?:\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}

/** Above this a bare number is a point in time (seconds since 1970) and not a delay: it would be 31 years. */
const EPOCH_SECONDS_MIN = 1_000_000_000;

function secondsOrDate(text: string, now_ms: number): number | undefined {
  const seconds = number(text);
  if (seconds !== undefined) return seconds >= EPOCH_SECONDS_MIN ? seconds * 1_000 - now_ms : seconds * 1_000;
  // A date has letters or dashes; Date.parse alone would also take "-5" for one.
  if (!/[A-Za-z]/.test(text)) return undefined;
  const at_ms = Date.parse(text);
  return Number.isNaN(at_ms) ? undefined : at_ms - now_ms;
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Go-style durations: `20ms`, `1s`, `6m0s`, `1h2m3.5s`. */
function duration(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/.test(text)) return undefined;
  let total_ms = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)) {
    total_ms += Number(amount) * (UNITS_MS[unit ?? ''] ?? 0);
  }
  return total_ms;
}
