import { type Awaited, CacheBelief } from './cache-belief.ts';
import type { PromptPrefix } from './prompt-blocks.ts';
import { WarmBlocks } from './warm-blocks.ts';

export interface AffinitySettings {
  /** Blocks that are remembered of one target. */
  readonly blocks_max: number;
  /** Targets that are remembered; the one that was used longest ago goes first. */
  readonly targets_max: number;
  /** Sessions of which it is known where they were last; the same. */
  readonly sessions_max: number;
}

/** A deployment: a model at a provider, with the credential that it is asked with. */
export interface AffinityTarget {
  readonly key: string;
  /** How long its provider says that it keeps prompts; 0: it keeps none. */
  readonly ttl_ms: number;
}

/** One of several that would serve alike. */
export interface Replica extends AffinityTarget {
  /** A call would begin at once there, as far as limits are known. */
  readonly has_room: boolean;
}

/** A prompt as it was sent to one target. */
export interface Sent {
  readonly key: string;
  readonly prefix: PromptPrefix;
  /** Cached tokens that were expected. */
  readonly expected_tokens: number;
  readonly awaited: Awaited;
  /** Blocks that had been there before. */
  readonly known_blocks: number;
  /** What it takes of the target while it is under way. */
  readonly work_tokens: number;
}

/** What a call takes of a target beside its prompt, as tokens of one: that answers take time, too, and calls wait for each other. */
const CALL_TOKENS = 2_048;
/** Prompts are read in a small part of the time that a call is under way. Chosen, with the number above, on two public traces. */
const COLD_PART = 0.1;

interface Place {
  readonly warm: WarmBlocks;
  readonly belief: CacheBelief;
  readonly ttl_ms: number;
  work_tokens: number;
}

/**
 * Where the beginnings of prompts are warm. It hears what is sent where and what providers say of it, and tells how many tokens
 * of a prompt each target is expected to have in its cache. No clock: times come in, of any origin, in ms.
 */
export class Affinity {
  readonly #settings: AffinitySettings;
  /** In the order of their use. */
  readonly #places: Map<string, Place> = new Map();
  readonly #sessions: Map<number, string> = new Map();

  constructor(settings: AffinitySettings) {
    this.#settings = settings;
  }

  get targets(): number {
    return this.#places.size;
  }

  /** Cached tokens that are to be expected there, 0 to all of the prompt's. */
  expected(target: AffinityTarget, prefix: PromptPrefix, now_ms: number): number {
    const place = this.#places.get(target.key);
    if (place === undefined || target.ttl_ms === 0) return 0;
    const { ttl_ms, share } = place.belief;
    const { blocks } = place.warm.known(prefix.blocks, now_ms, Math.min(ttl_ms, target.ttl_ms));
    return Math.floor(Math.min(prefix.tokens, blocks * prefix.block_tokens) * share);
  }

  /** How long a target is believed to keep what was used. */
  believedTtl_ms(target: AffinityTarget): number {
    return this.#places.get(target.key)?.belief.ttl_ms ?? target.ttl_ms;
  }

  /** What is under way at a target, as tokens that it has to read before it comes to another prompt. */
  workTokens(key: string): number {
    return this.#places.get(key)?.work_tokens ?? 0;
  }

  /**
   * Of targets that would serve alike the one at which least is to be worked out before it answers: what is under way there,
   * and of this prompt what is not in its cache. `spread`: whatever is known. Else the first stands, unless another is warm
   * and ahead. Who has no room comes last; of equals the one where the session was, then the first.
   */
  pick<T extends Replica>(replicas: readonly T[], prefix: PromptPrefix, now_ms: number, how: PickHow): T | undefined {
    const at = how.session === undefined ? undefined : this.#sessions.get(how.session);
    let best: { readonly one: T; readonly cost: number } | undefined;
    for (const [i, one] of replicas.entries()) {
      const cached = this.expected(one, prefix, now_ms);
      const is_home = one.key === at;
      if (i > 0 && !how.spread && cached === 0 && !is_home) continue;
      const home = is_home ? Math.min(prefix.tokens, CALL_TOKENS / 2) : 0;
      const cost = one.has_room ? this.workTokens(one.key) + prefix.tokens - Math.max(cached, home) : NO_ROOM;
      if (best === undefined || cost < best.cost) best = { one, cost };
    }
    return best?.one;
  }

  /** It is on its way: from now on it is taken to be there, so that what comes at the same time goes to the same place. */
  sent(target: AffinityTarget, prefix: PromptPrefix, now_ms: number, session?: number): Sent {
    const place = this.#place(target);
    const expected_tokens = this.expected(target, prefix, now_ms);
    const { blocks: known_blocks, age_ms } = place.warm.known(prefix.blocks, now_ms, target.ttl_ms);
    const awaited = { tokens: Math.min(prefix.tokens, known_blocks * prefix.block_tokens), age_ms };
    if (target.ttl_ms > 0) place.warm.use(prefix.blocks, now_ms);
    const work_tokens = COLD_PART * Math.max(0, prefix.tokens - expected_tokens) + CALL_TOKENS;
    place.work_tokens += work_tokens;
    if (session !== undefined) this.#remember(session, target.key);
    return { key: target.key, prefix, expected_tokens, awaited, known_blocks, work_tokens };
  }

  /** It is over. `cached_tokens`: what its provider says that it read from its cache; undefined: it does not say. */
  came(sent: Sent, cached_tokens: number | undefined): void {
    const place = this.#end(sent);
    if (cached_tokens !== undefined) place?.belief.told(sent.awaited, cached_tokens);
  }

  /** It was not taken: what it would have left there is not there. */
  failed(sent: Sent): void {
    this.#end(sent)?.warm.forget(sent.prefix.blocks, sent.known_blocks);
  }

  #end({ key, work_tokens }: Sent): Place | undefined {
    const place = this.#places.get(key);
    if (place !== undefined) place.work_tokens = Math.max(0, place.work_tokens - work_tokens);
    return place;
  }

  #place({ key, ttl_ms }: AffinityTarget): Place {
    const known = this.#places.get(key);
    this.#places.delete(key);
    // What is believed of time is drawn from what the operator says.
    const warm = known?.warm ?? new WarmBlocks(this.#settings.blocks_max);
    const place =
      known?.ttl_ms === ttl_ms
        ? known
        : { warm, belief: new CacheBelief(ttl_ms), ttl_ms, work_tokens: known?.work_tokens ?? 0 };
    this.#places.set(key, place);
    dropOldest(this.#places, this.#settings.targets_max);
    return place;
  }

  #remember(session: number, key: string): void {
    this.#sessions.delete(session);
    this.#sessions.set(session, key);
    dropOldest(this.#sessions, this.#settings.sessions_max);
  }
}

export interface PickHow {
  readonly spread: boolean;
  /** `sessionBlock` of the session that the call is of; absent: of none. */
  readonly session?: number | undefined;
}

const NO_ROOM = Number.MAX_VALUE;

function dropOldest<K>(map: Map<K, unknown>, max: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= max) return;
    map.delete(oldest);
  }
}
