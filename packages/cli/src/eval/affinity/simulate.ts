import { type PromptPrefix, WarmBlocks } from '@atp-router/routing';
import type { Trace, TraceRequest } from './trace.ts';

/** What targets are like that a trace is sent to. All are alike. */
export interface TargetFacts {
  readonly targets: number;
  /** Blocks that each of them keeps. */
  readonly cache_blocks: number;
  readonly ttl_ms: number;
  /** Tokens of prompts that one target reads in a second. */
  readonly prefill_per_s: number;
  /** Tokens of one answer that it writes in a second. */
  readonly decode_per_s: number;
}

/** Who says where a request goes. */
export interface Placer {
  place(prefix: PromptPrefix, now_ms: number, targets: readonly SimTarget[]): number;
  /** What was placed last at a target is over, `cached` tokens of it were read from its cache. */
  ended?(ticket: number, cached: number): void;
}

/** One target as it really is. */
export class SimTarget {
  readonly #facts: TargetFacts;
  readonly #cache: WarmBlocks;
  in_flight = 0;
  in_flight_max = 0;
  requests = 0;
  /** Ms of work that it was given. */
  work_ms = 0;

  constructor(facts: TargetFacts) {
    this.#facts = facts;
    this.#cache = new WarmBlocks(facts.cache_blocks);
  }

  cachedBlocks(blocks: readonly number[], now_ms: number): number {
    return this.#cache.known(blocks, now_ms, this.#facts.ttl_ms).blocks;
  }

  /** Takes a request; how many of its blocks were there, and how long it takes. */
  take({ blocks, in_tokens, out_tokens }: TraceRequest, now_ms: number): { hits: number; takes_ms: number } {
    const hits = this.cachedBlocks(blocks, now_ms);
    this.#cache.use(blocks, now_ms);
    const cold = in_tokens * (1 - hits / blocks.length);
    const takes_ms = 1_000 * (cold / this.#facts.prefill_per_s + out_tokens / this.#facts.decode_per_s);
    this.in_flight += 1;
    this.in_flight_max = Math.max(this.in_flight_max, this.in_flight);
    this.requests += 1;
    this.work_ms += takes_ms;
    return { hits, takes_ms };
  }
}

export interface Simulated {
  /** Blocks that were there, of all. */
  readonly hit_rate: number;
  /** Tokens of prompts that were read anew, of all. */
  readonly cold_rate: number;
  /** The busiest target over the mean: of what there was to do, of requests. 1: all alike. */
  readonly work_max_over_mean: number;
  readonly requests_max_over_mean: number;
  /** At one target at a time, at most. */
  readonly in_flight_max: number;
}

/** Sends a trace as it came. Targets answer one beside another: none waits for another. */
export function simulate(trace: Trace, facts: TargetFacts, placer: Placer): Simulated {
  const targets = Array.from({ length: facts.targets }, () => new SimTarget(facts));
  const under_way = new Ends();
  let [hit_blocks, all_blocks, cold, all_tokens] = [0, 0, 0, 0];
  for (const [ticket, request] of trace.requests.entries()) {
    const { at_ms, blocks, in_tokens } = request;
    for (let end = under_way.before(at_ms); end !== undefined; end = under_way.before(at_ms)) {
      (targets[end.target] as SimTarget).in_flight -= 1;
      placer.ended?.(end.ticket, end.cached);
    }
    const prefix = { blocks, block_tokens: in_tokens / blocks.length, tokens: in_tokens };
    const place = placer.place(prefix, at_ms, targets);
    const { hits, takes_ms } = (targets[place] as SimTarget).take(request, at_ms);
    const cached = (in_tokens * hits) / blocks.length;
    under_way.add({ at_ms: at_ms + takes_ms, target: place, ticket, cached });
    hit_blocks += hits;
    all_blocks += blocks.length;
    cold += in_tokens - cached;
    all_tokens += in_tokens;
  }
  return {
    hit_rate: hit_blocks / all_blocks,
    cold_rate: all_tokens === 0 ? 0 : cold / all_tokens,
    work_max_over_mean: maxOverMean(targets.map(({ work_ms }) => work_ms)),
    requests_max_over_mean: maxOverMean(targets.map(({ requests }) => requests)),
    in_flight_max: Math.max(...targets.map(({ in_flight_max }) => in_flight_max)),
  };
}

/** Blocks that came before at any target, lately enough: no way to place requests hits more. */
export function hitRateBound({ requests }: Trace, { ttl_ms }: Pick<TargetFacts, 'ttl_ms'>): number {
  const anywhere = new WarmBlocks(Number.POSITIVE_INFINITY);
  let [hits, all] = [0, 0];
  for (const { blocks, at_ms } of requests) {
    hits += anywhere.known(blocks, at_ms, ttl_ms).blocks;
    all += blocks.length;
    anywhere.use(blocks, at_ms);
  }
  return hits / all;
}

function maxOverMean(values: readonly number[]): number {
  const sum = values.reduce((all, one) => all + one, 0);
  return sum === 0 ? 1 : (Math.max(...values) * values.length) / sum;
}

interface End {
  readonly at_ms: number;
  readonly target: number;
  readonly ticket: number;
  readonly cached: number;
}

/** Ends in the order of their time, of equals the one that began first: a binary heap. */
class Ends {
  readonly #heap: End[] = [];

  add(end: End): void {
    const heap = this.#heap;
    let i = heap.push(end) - 1;
    while (i > 0) {
      const above = (i - 1) >> 1;
      if (!isBefore(end, heap[above] as End)) break;
      heap[i] = heap[above] as End;
      i = above;
    }
    heap[i] = end;
  }

  /** The next that is over by then. */
  before(now_ms: number): End | undefined {
    const [first] = this.#heap;
    if (first === undefined || first.at_ms > now_ms) return undefined;
    const last = this.#heap.pop() as End;
    if (this.#heap.length > 0) this.#sink(last);
    return first;
  }

  #sink(end: End): void {
    const heap = this.#heap;
    let i = 0;
    for (;;) {
      let below = 2 * i + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1] as End, heap[below] as End)) below += 1;
      if (!isBefore(heap[below] as End, end)) break;
      heap[i] = heap[below] as End;
      i = below;
    }
    heap[i] = end;
  }
}

function isBefore(a: End, b: End): boolean {
  return a.at_ms < b.at_ms || (a.at_ms === b.at_ms && a.ticket < b.ticket);
}
