import type { Call } from '../model.ts';
import { Lines } from './lines.ts';
import type { Policy, PolicyContext, PolicyKind } from './policy.ts';

/** Time whose tokens a bucket holds: calls are short against it. */
const BURST_S = 10;

/**
 * A bucket of tokens for each tenant, which fills with its part of what the fleet can do, by weight; who finds too little in it is told
 * to come again when there will be enough, in whole seconds as HTTP says it. Behind them first come, first served.
 */
export const TOKEN_BUCKETS: PolicyKind = {
  name: 'token bucket + 429',
  before: 'all',
  make: (context) => new Buckets(context),
};

interface Bucket {
  readonly tokens_per_ms: number;
  readonly most: number;
  tokens: number;
  at_ms: number;
}

class Buckets implements Policy {
  readonly #context: PolicyContext;
  readonly #lines: Lines;
  readonly #buckets: Map<string, Bucket> = new Map();

  constructor(context: PolicyContext) {
    this.#context = context;
    this.#lines = new Lines(context, 1);
    const weights = context.tenants.reduce((sum, { weight }) => sum + weight, 0);
    for (const { id, weight } of context.tenants) {
      const tokens_per_s = (context.capacity.tokens_per_s * weight) / weights;
      const most = tokens_per_s * BURST_S;
      this.#buckets.set(id, { tokens_per_ms: tokens_per_s / 1_000, most, tokens: most, at_ms: 0 });
    }
  }

  get due_ms(): number {
    return this.#lines.due_ms;
  }

  request(call: Call, now_ms: number): void {
    const bucket = this.#buckets.get(call.asked.tenant.id) as Bucket;
    bucket.tokens = Math.min(bucket.most, bucket.tokens + (now_ms - bucket.at_ms) * bucket.tokens_per_ms);
    bucket.at_ms = now_ms;
    // A call larger than the bucket takes all of it and leaves a debt.
    const short = Math.min(call.reserved_tokens, bucket.most) - bucket.tokens;
    if (short > 1e-6) {
      this.#context.verdicts.later(call, 1_000 * Math.ceil(short / bucket.tokens_per_ms / 1_000));
      return;
    }
    bucket.tokens -= call.reserved_tokens;
    this.#lines.request(call, now_ms);
  }

  ended(call: Call, tokens: number): void {
    const bucket = this.#buckets.get(call.asked.tenant.id) as Bucket;
    bucket.tokens += call.reserved_tokens - tokens;
    this.#lines.ended(call);
  }

  expire(now_ms: number): void {
    this.#lines.expire(now_ms);
  }
}
