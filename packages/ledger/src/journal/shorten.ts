import { addUsage, type Price, type Usage, ZERO_USAGE } from '@atp-router/kernel';
import type { AttemptRecord } from '../events.ts';

/**
 * Members that a journal line leaves out because others say the same. Every reader fills them in again, so that events
 * are complete on both sides of the journal:
 *
 * - `usage`: `cached_in_tokens`, `cache_write_tokens` and `reasoning_tokens` that are 0;
 * - `usage` of `call.ended` altogether when it is the sum over its attempts;
 * - `price`: `cached_in_…` and `cache_write_…` that equal `in_…`, `reasoning_…` that equals `out_…`, and
 *   `per_request_usd_nanos` that is 0.
 */
export function isSumOf(usage: Usage, attempts: readonly AttemptRecord[]): boolean {
  const sum = sumOf(attempts);
  if (sum === usage) return true;
  return (
    sum.in_tokens === usage.in_tokens &&
    sum.out_tokens === usage.out_tokens &&
    sum.cached_in_tokens === usage.cached_in_tokens &&
    sum.cache_write_tokens === usage.cache_write_tokens &&
    sum.reasoning_tokens === usage.reasoning_tokens
  );
}

/** What a line says of a price. */
export function shortPrice(price: Price): Readonly<Record<string, number>> {
  const implied: Readonly<Record<string, number>> = impliedPrices(price);
  return Object.fromEntries(Object.entries<number>({ ...price }).filter(([name, value]) => value !== implied[name]));
}

function impliedPrices(price: Short<Price>): Omit<Price, 'in_usd_micros_per_mtok' | 'out_usd_micros_per_mtok'> {
  const { in_usd_micros_per_mtok: input = 0, out_usd_micros_per_mtok: output = 0 } = price;
  return {
    cached_in_usd_micros_per_mtok: input,
    cache_write_usd_micros_per_mtok: input,
    reasoning_usd_micros_per_mtok: output,
    per_request_usd_nanos: 0,
  };
}

type Short<T> = { -readonly [name in keyof T]?: T[name] };

/** The members of events in which something may be left out. */
interface ShortEvent {
  attempt?: { usage?: Short<Usage>; price?: Short<Price> };
  attempts?: readonly { usage: Short<Usage> }[];
  usage?: Short<Usage>;
}

/** Fills in what a line left out, in place; `record` is what `JSON.parse` made of it. */
export function fillIn(type: string, record: object): void {
  const event: ShortEvent = record;
  if (type === 'call.ended') {
    const attempts = event.attempts ?? [];
    for (const { usage } of attempts) fillUsage(usage);
    if (event.usage === undefined) event.usage = { ...sumOf(attempts as readonly { usage: Usage }[]) };
    else fillUsage(event.usage);
  } else if (type === 'call.opened' || type === 'attempt.started' || type === 'attempt.ended') fillAttempt(event);
}

function fillAttempt(event: ShortEvent): void {
  const { price, usage } = event.attempt ?? {};
  if (price !== undefined && price !== null) Object.assign(price, { ...impliedPrices(price), ...price });
  if (usage !== undefined) fillUsage(usage);
}

function fillUsage(usage: Short<Usage>): void {
  usage.cached_in_tokens ??= 0;
  usage.cache_write_tokens ??= 0;
  usage.reasoning_tokens ??= 0;
}

function sumOf(attempts: readonly { readonly usage: Usage }[]): Usage {
  const [only] = attempts;
  if (attempts.length === 1 && only !== undefined) return only.usage;
  let sum = ZERO_USAGE;
  for (const { usage } of attempts) sum = addUsage(sum, usage);
  return sum;
}
