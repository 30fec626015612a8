/** Words are told apart by so many buckets; more cost memory for each topic, fewer mix words up (Weinberger et al. 2009). */
export const BUCKETS = 4_096;
/** Characters (UTF-16) of a prompt that are read, half of them from its end: what is asked mostly stands at one of both. */
export const READ_CHARS = 16_384;
/** Different words of a prompt that count. */
export const TERMS_MAX = 1_024;

/** Words of a prompt by bucket, and how it is written. */
export interface Terms {
  /** Different buckets, in the order of their first word. */
  readonly buckets: Uint16Array;
  /** How often each came. */
  readonly counts: Uint16Array;
  readonly words: number;
  /** Shares of what was read, 0 to 1. */
  readonly digits: number;
  readonly symbols: number;
  readonly lines: number;
}

const NUMBER = 0x23;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** Beyond ASCII: not the signs of Latin-1, punctuation and symbols in their blocks, nor half of a pair (mostly emoji). */
function isLetter(unit: number): boolean {
  if (unit < 0xc0 || unit === 0xd7 || unit === 0xf7) return false;
  if (unit < 0x2000) return true;
  if (unit < 0x2e80 || (unit >= 0x3000 && unit <= 0x303f) || (unit >= 0xd800 && unit <= 0xdfff)) return false;
  return unit < 0xfe10 || (unit > 0xfe6f && unit < 0xfeff) || (unit > 0xff20 && unit < 0xffe0);
}

/** Reads prompts into the same scratch memory, one at a time. */
export class TermReader {
  readonly #seen: Uint16Array = new Uint16Array(BUCKETS);
  readonly #order: Uint16Array = new Uint16Array(TERMS_MAX);
  #size = 0;

  /**
   * One pass without a regular expression, in linear time: letters of any script make words, ASCII in lower case; a row of
   * digits is one word, whatever the number. A word is FNV-1a over its code units (Fowler, Noll, Vo).
   */
  read(text: string): Terms {
    let [words, digits, symbols, lines] = [0, 0, 0, 0];
    let hash = FNV_OFFSET;
    let length = 0;
    const end = (): void => {
      if (length > 1) {
        words += 1;
        this.#add(hash);
      }
      hash = FNV_OFFSET;
      length = 0;
    };
    const from = Math.min(text.length, READ_CHARS / 2);
    const to = Math.max(from, text.length - READ_CHARS / 2);
    let was_digit = false;
    for (let i = 0; i < text.length; i += 1) {
      if (i === from && to > from) {
        end();
        i = to;
      }
      const unit = text.charCodeAt(i);
      const lower = unit | 0x20;
      if ((lower >= 0x61 && lower <= 0x7a) || isLetter(unit)) {
        // Scripts without blanks between words: each character is one.
        const is_word = unit >= 0x2e80;
        if (is_word && length > 0) end();
        hash = Math.imul(hash ^ (unit < 0x80 ? lower : unit), FNV_PRIME);
        length += is_word ? 2 : 1;
        if (is_word) end();
        was_digit = false;
        continue;
      }
      if (length > 0) end();
      if (unit >= 0x30 && unit <= 0x39) {
        digits += 1;
        if (!was_digit) {
          words += 1;
          this.#add(Math.imul(FNV_OFFSET ^ NUMBER, FNV_PRIME));
        }
        was_digit = true;
        continue;
      }
      was_digit = false;
      if (unit === 0x0a) lines += 1;
      else if (unit > 0x20) symbols += 1;
    }
    end();
    return this.#taken(words, { digits, symbols, lines }, Math.max(1, Math.min(text.length, READ_CHARS)));
  }

  #add(hash: number): void {
    const bucket = (hash ^ (hash >>> 16)) & (BUCKETS - 1);
    const before = this.#seen[bucket] ?? 0;
    if (before === 0) {
      if (this.#size === TERMS_MAX) return;
      this.#order[this.#size] = bucket;
      this.#size += 1;
    }
    if (before < 0xffff) this.#seen[bucket] = before + 1;
  }

  #taken(words: number, of: { digits: number; symbols: number; lines: number }, read: number): Terms {
    const buckets = this.#order.slice(0, this.#size);
    const counts = new Uint16Array(this.#size);
    for (let i = 0; i < buckets.length; i += 1) {
      const bucket = buckets[i] ?? 0;
      counts[i] = this.#seen[bucket] ?? 0;
      this.#seen[bucket] = 0;
    }
    this.#size = 0;
    return { buckets, counts, words, digits: of.digits / read, symbols: of.symbols / read, lines: of.lines / read };
  }
}
