import type { Lengths } from './model.ts';

/**
 * A simulated fleet of equal providers, each with a window in calls and one in tokens. It batches continuously: a call that has begun
 * reads its input at one rate and then writes at another, whatever else runs; that more would run than the provider can carry is
 * what the windows are for. Nothing here is measured on a real machine.
 */
export interface Fleet {
  readonly providers: number;
  /** Of each provider. */
  readonly calls: number;
  /** Of each provider: input and output that are reserved at one time. */
  readonly tokens: number;
  readonly first_ms: number;
  readonly read_tokens_per_ms: number;
  readonly write_ms_per_token: number;
  /** From the word that a call is to stop until its provider has room again. */
  readonly stop_ms: number;
}

const PROVIDERS = 4;
/** Calls of each provider's window. */
export const CALLS = 64;
/** In mean calls: so many that either window may be the one that is full. */
const TOKENS_OF_MEAN_CALLS = 1.25;
/** The window holds the longest call so many times, or one call would be all that a provider does. */
const TOKENS_OF_LONGEST_CALL = 4;

/** A fleet whose windows are of the size that calls of these lengths need. */
export function fleetFor(lengths: readonly Lengths[]): Fleet {
  let [sum, longest] = [0, 0];
  for (const one of lengths) {
    sum += size(one);
    longest = Math.max(longest, size(one));
  }
  const mean = sum / lengths.length;
  return {
    providers: PROVIDERS,
    calls: CALLS,
    tokens: Math.ceil(Math.max(TOKENS_OF_MEAN_CALLS * CALLS * mean, TOKENS_OF_LONGEST_CALL * longest)),
    first_ms: 50,
    read_tokens_per_ms: 10,
    write_ms_per_token: 20,
    stop_ms: 10,
  };
}

export function size({ in_tokens, out_tokens }: Lengths): number {
  return in_tokens + out_tokens;
}

export function firstToken_ms(fleet: Fleet, { in_tokens }: Lengths): number {
  return fleet.first_ms + in_tokens / fleet.read_tokens_per_ms;
}

export function duration_ms(fleet: Fleet, lengths: Lengths): number {
  return firstToken_ms(fleet, lengths) + lengths.out_tokens * fleet.write_ms_per_token;
}

/** Tokens that a provider has read and written for a call that has run for so long. */
export function done_tokens(fleet: Fleet, lengths: Lengths, ran_ms: number): number {
  const first_ms = firstToken_ms(fleet, lengths);
  if (ran_ms < first_ms) return Math.floor((lengths.in_tokens * ran_ms) / first_ms);
  const written = Math.floor((ran_ms - first_ms) / fleet.write_ms_per_token);
  return lengths.in_tokens + Math.min(lengths.out_tokens, written);
}

export interface Capacity {
  readonly calls_per_s: number;
  readonly tokens_per_s: number;
}

/** What the fleet can do of calls of these lengths: the window that is full first is full all the time. */
export function capacityOf(fleet: Fleet, lengths: readonly Lengths[]): Capacity {
  let [tokens, call_ms, token_ms] = [0, 0, 0];
  for (const one of lengths) {
    const ran_ms = duration_ms(fleet, one);
    tokens += size(one);
    call_ms += ran_ms;
    token_ms += ran_ms * size(one);
  }
  const n = lengths.length;
  const calls_per_s = 1_000 * fleet.providers * Math.min((fleet.calls * n) / call_ms, (fleet.tokens * n) / token_ms);
  return { calls_per_s, tokens_per_s: (calls_per_s * tokens) / n };
}
