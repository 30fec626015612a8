import type { Embedder } from '@atp-router/consensus';
import { seededRng } from '@atp-router/kernel';
import { AnswerCache, ReuseGate } from '@atp-router/routing';

/** A prompt, and what was answered, by a key that is equal for equal answers. */
export interface CachedPrompt {
  readonly text: string;
  readonly key: string;
}

export interface ReplaySettings {
  readonly entries: number;
  readonly threshold: number;
  readonly max_false_hits: number;
  readonly verify: number;
  readonly seed: number;
}

export interface Replayed {
  readonly compared: number;
  /** In the end; null: none. */
  readonly threshold: number | null;
  /** Prompts that were answered with what a similar one had got, and those of them that would have got something else. */
  readonly similar: number;
  readonly false_hits: number;
}

interface Likeness {
  readonly likeness: number;
  readonly is_same: boolean;
}

/** Whose bytes do not count here: all that is kept is a key. */
const BYTES_MAX = Number.MAX_SAFE_INTEGER;

/** Of each prompt how alike the nearest before it is, and whether both have the same answer. */
export function likenessesOf(
  prompts: readonly CachedPrompt[],
  embedder: Embedder,
  entries: number,
): { readonly exact: readonly boolean[]; readonly near: readonly Likeness[] } {
  const cache = cacheOf(entries);
  const exact: boolean[] = [];
  const near: Likeness[] = [];
  for (const { text, key } of prompts) {
    const question = { scope: '', text, vector: embedder.embed([text])[0] };
    const found = cache.find(question, 0);
    if (found?.is_exact === true) exact.push(found.value === key);
    else if (found !== undefined) near.push({ likeness: found.likeness, is_same: found.value === key });
    cache.put(question, key, 0, 0);
  }
  return { exact, near };
}

/** The stream as the router's cache answers it: what is given again is not kept anew, and is compared by us alone. */
export function replayed(
  prompts: readonly CachedPrompt[],
  embedder: Embedder,
  { entries, threshold: floor, max_false_hits, verify, seed }: ReplaySettings,
): Replayed {
  const cache = cacheOf(entries);
  const gate = new ReuseGate({ max_false_hits, floor });
  const rng = seededRng(seed);
  let [similar, false_hits] = [0, 0];
  for (const { text, key } of prompts) {
    const question = { scope: '', text, vector: embedder.embed([text])[0] };
    const found = cache.find(question, 0);
    if (found !== undefined && !found.is_exact) {
      const is_same = found.value === key;
      if (gate.allows(found.likeness) && rng.next() >= verify) {
        similar += 1;
        if (!is_same) false_hits += 1;
        continue;
      }
      gate.told(found.likeness, is_same);
    }
    cache.put(question, key, 0, 0);
  }
  return { compared: gate.compared.all, threshold: gate.threshold ?? null, similar, false_hits };
}

function cacheOf(entries_max: number): AnswerCache<string> {
  return new AnswerCache({ entries_max, bytes_max: BYTES_MAX, ttl_ms: Number.POSITIVE_INFINITY });
}
