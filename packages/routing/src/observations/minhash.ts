import { seededRng } from '@atp-router/kernel';

/** Hashes of a signature. */
const HASHES = 128;
const SHINGLE_WORDS = 3;
/** How likely two texts that are just as near as wanted come together, at least. */
const FOUND_AT_LEAST = 0.99;
/** Words, and of scripts without spaces single signs. */
const WORD = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{N}]+/gu;

/** Hashes of all runs of three words of a text, or of all of it where it has fewer. */
export function shingles(text: string): ReadonlySet<number> {
  const words = text.toLowerCase().match(WORD) ?? [];
  const found = new Set<number>();
  const last = Math.max(0, words.length - SHINGLE_WORDS);
  for (let at = 0; at <= last && words.length > 0; at += 1) {
    found.add(fnv1a(words.slice(at, at + SHINGLE_WORDS).join(' ')));
  }
  return found;
}

/** What two sets share of all that is in them; of two empty ones all. */
export function resemblance(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  let shared = 0;
  for (const one of small) if (large.has(one)) shared += 1;
  const all = a.size + b.size - shared;
  return all === 0 ? 1 : shared / all;
}

/**
 * Finds a text among those that are kept that is as near as wanted: candidates by bands of MinHash signatures (Broder 1997; Indyk,
 * Motwani 1998), and of these by the resemblance itself, so that what is distinct is never taken for the same.
 */
export class NearTexts {
  readonly #least: number;
  readonly #rows: number;
  readonly #seeds: readonly number[];
  /** Places of kept texts, by what a band has. */
  readonly #bands: readonly Map<string, number[]>[];
  readonly #kept: ReadonlySet<number>[] = [];

  /** `least`: resemblance from which two texts are the same, above 0. */
  constructor(least: number) {
    this.#least = least;
    this.#rows = rowsFor(least);
    const rng = seededRng(HASHES);
    this.#seeds = Array.from({ length: HASHES }, () => Math.floor(rng.next() * 2 ** 32));
    this.#bands = Array.from({ length: HASHES / this.#rows }, () => new Map<string, number[]>());
  }

  /** Whether there is none like it; then it is kept. */
  add(text: string): boolean {
    const set = shingles(text);
    const keys = this.#keysOf(set);
    const seen = new Set<number>();
    for (const [band, key] of keys.entries()) {
      for (const place of this.#bands[band]?.get(key) ?? []) {
        if (seen.has(place)) continue;
        seen.add(place);
        if (resemblance(set, this.#kept[place] ?? new Set()) >= this.#least) return false;
      }
    }
    const place = this.#kept.push(set) - 1;
    for (const [band, key] of keys.entries()) {
      const places = this.#bands[band]?.get(key);
      if (places === undefined) this.#bands[band]?.set(key, [place]);
      else places.push(place);
    }
    return true;
  }

  #keysOf(set: ReadonlySet<number>): readonly string[] {
    const least = this.#seeds.map((seed) => {
      let min = 2 ** 32;
      for (const one of set) min = Math.min(min, mixed(one ^ seed));
      return min;
    });
    return this.#bands.map((_, band) => least.slice(band * this.#rows, (band + 1) * this.#rows).join(','));
  }
}

/** The most rows of a band with which two texts of that resemblance still share one: 1 - (1 - s^r)^b. */
function rowsFor(least: number): number {
  const rows = [8, 4, 2].find((r) => 1 - (1 - least ** r) ** (HASHES / r) >= FOUND_AT_LEAST);
  return rows ?? 1;
}

/** FNV-1a over UTF-16 code units, 32 bits. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** The finalizer of MurmurHash3 (A. Appleby): a permutation of 32 bits. */
function mixed(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
