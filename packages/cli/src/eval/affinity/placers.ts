import { type Rng, seededRng } from '@atp-router/kernel';
import { Affinity, type PromptPrefix, type Replica, type Sent } from '@atp-router/routing';
import type { Placer, SimTarget, TargetFacts } from './simulate.ts';

export type PlacerName = 'random' | 'round robin' | 'least loaded' | 'affinity' | 'all known';

/** Each way to place requests, new for each trace. */
export function placersOf(facts: TargetFacts, seed: number): readonly (readonly [PlacerName, Placer])[] {
  return [
    ['random', new RandomPlacer(seededRng(seed))],
    ['round robin', new RoundRobin()],
    ['least loaded', { place: (_prefix, _now, targets) => leastOf(targets, ({ in_flight }) => in_flight) }],
    ['affinity', new RouterPlacer(facts)],
    ['all known', { place: allKnown }],
  ];
}

class RandomPlacer implements Placer {
  readonly #rng: Rng;

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  place(_prefix: PromptPrefix, _now_ms: number, { length }: readonly SimTarget[]): number {
    return Math.floor(this.#rng.next() * length);
  }
}

class RoundRobin implements Placer {
  #next = 0;

  place(_prefix: PromptPrefix, _now_ms: number, { length }: readonly SimTarget[]): number {
    this.#next += 1;
    return (this.#next - 1) % length;
  }
}

/** The router's own: it knows what it has sent and what it was told of it, nothing of caches. */
class RouterPlacer implements Placer {
  readonly #core: Affinity;
  readonly #replicas: readonly Replica[];
  /** By ticket. */
  readonly #sent: Map<number, Sent> = new Map();
  #tickets = 0;

  constructor({ targets, cache_blocks, ttl_ms }: TargetFacts) {
    this.#core = new Affinity({ blocks_max: cache_blocks, targets_max: targets, sessions_max: 1 });
    this.#replicas = Array.from({ length: targets }, (_, i) => ({ key: String(i), ttl_ms, has_room: true }));
  }

  place(prefix: PromptPrefix, now_ms: number): number {
    const one = this.#core.pick(this.#replicas, prefix, now_ms, { spread: true }) as Replica;
    this.#sent.set(this.#tickets, this.#core.sent(one, prefix, now_ms));
    this.#tickets += 1;
    return this.#replicas.indexOf(one);
  }

  ended(ticket: number, cached: number): void {
    const sent = this.#sent.get(ticket);
    this.#sent.delete(ticket);
    if (sent !== undefined) this.#core.came(sent, cached);
  }
}

/** What a request that is under way counts beside the tokens of a prompt. */
const CALL_TOKENS = 2_048;

/** Whoever sees into the caches, and takes the most of each request without looking ahead, weighed against calls in flight. */
function allKnown({ blocks, tokens }: PromptPrefix, now_ms: number, targets: readonly SimTarget[]): number {
  return leastOf(targets, (target) => {
    const cached = (tokens * target.cachedBlocks(blocks, now_ms)) / blocks.length;
    return tokens - cached + CALL_TOKENS * target.in_flight;
  });
}

/** Place of the least; of equals the first. */
function leastOf(targets: readonly SimTarget[], of: (target: SimTarget) => number): number {
  let [place, least] = [0, Number.POSITIVE_INFINITY];
  for (const [i, target] of targets.entries()) {
    const value = of(target);
    if (value < least) [place, least] = [i, value];
  }
  return place;
}
