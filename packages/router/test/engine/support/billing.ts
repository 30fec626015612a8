import { divideHalfUp, type Price, type Usage } from '@atp-router/kernel';
import type { AttemptStarted, CallOpened } from '@atp-router/ledger';
import type { ModelEntry } from '@atp-router/routing';
import type { Served } from './fake-upstream.ts';

/** What bills are written from: what upstreams served, the promise that each exchange was made for, and the price list. */
export interface Billing {
  /** By call, in the order in which they were sent. */
  readonly exchanges: ReadonlyMap<string, readonly Served[]>;
  readonly intents: ReadonlyMap<Served, CallOpened | AttemptStarted>;
  readonly models: readonly ModelEntry[];
}

export function exchangesOf({ exchanges }: Billing, call_id: string): readonly Served[] {
  return exchanges.get(call_id) ?? [];
}

/** The router has read a whole answer: for a plain one also its end, for a stream what says that it is finished. */
export function isComplete(served: Served): boolean {
  if (!served.finished || served.state === 'cancelled' || served.state === 'open') return false;
  return served.script.streams ? !served.partial : served.state === 'ended';
}

/** What the provider bills as far as a router can know: its own report, or what was read of it. */
export function billedFor({ intents, models }: Billing, served: Served): { tokens: number; usd_nanos: number } {
  // Who has not answered is at work until the router gives up; who breaks it off has nothing to bill.
  const given_up = served.state === 'cancelled' || served.timed_out;
  const accepted = served.status === undefined ? given_up : served.status < 300;
  if (!accepted) return { tokens: 0, usd_nanos: 0 };
  const intent = intents.get(served);
  const usage = usageOf(served, intent?.attempt.in_tokens ?? Number.NaN);
  const price = models.find((model) => model.id === intent?.attempt.model)?.price;
  return { tokens: usage.in_tokens + usage.out_tokens, usd_nanos: price === undefined ? 0 : costOf(usage, price) };
}

function usageOf(served: Served, estimated_in_tokens: number): Usage {
  const can_read = served.script.streams || isComplete(served);
  // No answer uses a billion tokens: such a report is not one.
  const reported = can_read && (served.usage?.in_tokens ?? 0) <= 1_000_000_000 ? served.usage : undefined;
  if (isComplete(served) && reported !== undefined) return reported;
  const counted = can_read ? served.text.length / 4 : 0;
  return {
    in_tokens: reported?.in_tokens ?? estimated_in_tokens,
    out_tokens: Math.max(reported?.out_tokens ?? 0, counted),
    cached_in_tokens: reported?.cached_in_tokens ?? 0,
    cache_write_tokens: reported?.cache_write_tokens ?? 0,
    reasoning_tokens: reported?.reasoning_tokens ?? 0,
  };
}

/** Written again from the price list, in integers that cannot round. */
function costOf(usage: Usage, price: Price): number {
  const big = (value: number): bigint => BigInt(value);
  const plain_in = usage.in_tokens - usage.cached_in_tokens - usage.cache_write_tokens;
  const plain_out = usage.out_tokens - usage.reasoning_tokens;
  const picos =
    big(plain_in) * big(price.in_usd_micros_per_mtok) +
    big(usage.cached_in_tokens) * big(price.cached_in_usd_micros_per_mtok) +
    big(usage.cache_write_tokens) * big(price.cache_write_usd_micros_per_mtok) +
    big(plain_out) * big(price.out_usd_micros_per_mtok) +
    big(usage.reasoning_tokens) * big(price.reasoning_usd_micros_per_mtok);
  return Number((picos + 500n) / 1_000n) + price.per_request_usd_nanos;
}

/** As clients are told. */
export function micros(usd_nanos: number): number {
  return divideHalfUp(usd_nanos, 1_000);
}
