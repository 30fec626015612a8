/** The beginning of a prompt as blocks, each of which stands for all before it, too. */
export interface PromptPrefix {
  /** One number for each whole block; equal numbers at equal places: equal prompts up to there. */
  readonly blocks: readonly number[];
  /** Estimated tokens of one block, above 0. */
  readonly block_tokens: number;
  /** Estimated tokens of the whole prompt. */
  readonly tokens: number;
}

/** What is behind so many blocks is not looked at: a prompt is read in bounded time. */
export const PROMPT_BLOCKS_MAX = 512;
/** Four characters are taken for a token, as everywhere where nothing is measured. */
const CHARS_PER_TOKEN = 4;
/** Between texts, so that two of them are not the same as one that is both. */
const BETWEEN = 0x1f;

/**
 * A prompt cut into blocks of equal length, each hashed with the one before it, as servers key their caches (vLLM's automatic
 * prefix caching; Mooncake, FAST 2025). A rest that fills no block is in none. `salt`: prompts of different salts have no block
 * in common. `tokens`: what the whole prompt is estimated to have.
 */
export function promptBlocks(
  texts: readonly string[],
  salt: string,
  tokens: number,
  block_tokens: number,
): PromptPrefix {
  const length = block_tokens * CHARS_PER_TOKEN;
  const chain = new Chain(salt);
  const blocks: number[] = [];
  let [chars, filled] = [0, 0];
  for (const text of texts) chars += text.length + 1;
  for (const text of texts) {
    // The end of a text is a character of its own.
    for (let i = 0; i <= text.length && blocks.length < PROMPT_BLOCKS_MAX; i += 1) {
      chain.add(i === text.length ? BETWEEN : text.charCodeAt(i));
      filled += 1;
      if (filled < length) continue;
      blocks.push(chain.value);
      filled = 0;
    }
  }
  return { blocks, block_tokens: chars === 0 ? block_tokens : (tokens * length) / chars, tokens };
}

/** The block that stands for a session: what its calls have in common before a word is read. */
export function sessionBlock(session: string, salt: string): number {
  return new Chain(`${salt}\n${session}`).value;
}

const PRIME_A = 0x01000193;
const PRIME_B = 0x85ebca6b;
/** Bits of the second half: both together are a whole number that a double holds. */
const BITS_B = 21;

/** Two 32-bit hashes in the manner of FNV-1a (Fowler, Noll, Vo), of which 53 bits are kept. Not for secrets. */
class Chain {
  #a = 0x811c9dc5;
  #b = 0x9747b28c;

  constructor(salt: string) {
    for (let i = 0; i < salt.length; i += 1) this.add(salt.charCodeAt(i));
    this.add(BETWEEN);
  }

  add(code: number): void {
    this.#a = Math.imul(this.#a ^ code, PRIME_A);
    const b = Math.imul(this.#b ^ code, PRIME_B);
    this.#b = b ^ (b >>> 15);
  }

  get value(): number {
    return (this.#a >>> 0) * 2 ** BITS_B + (this.#b >>> (32 - BITS_B));
  }
}
