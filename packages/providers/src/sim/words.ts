import type { Rng } from '@atp-router/kernel';
import { pick } from './draw.ts';

/** The text of every simulated answer begins with this, so that nobody takes it for a model's. */
export const SIM_PREFIX = '[simulated] ';

const WORDS: readonly string[] =
  'the a router sends each request to model that fits and keeps count of tokens cost time while agents wait for answer which arrives in small pieces over one stream then ends with usage report so budget stays true plan step tool result data path queue window limit key tenant policy'.split(
    ' ',
  );

/** One made-up word. */
export function word(rng: Rng): string {
  return pick(rng, WORDS, 'word');
}

/** Sentences of together `tokens` words; a word is a token here. */
export function prose(rng: Rng, tokens: number): string {
  const out: string[] = [];
  let left_in_sentence = 0;
  for (let i = 0; i < tokens; i += 1) {
    const is_first = left_in_sentence === 0;
    if (is_first) left_in_sentence = 6 + Math.floor(rng.next() * 10);
    left_in_sentence -= 1;
    const text = word(rng);
    const cased = is_first ? text.charAt(0).toUpperCase() + text.slice(1) : text;
    out.push(left_in_sentence === 0 || i === tokens - 1 ? `${cased}.` : cased);
  }
  return out.join(' ');
}

/** Text → tokens of the simulated tokenizer: a word with the blanks before it. Joined again they give the text. */
export function tokensOf(text: string): string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}

/** JSON text → pieces of four characters, about what real tokenizers make of it. */
export function jsonTokens(text: string): string[] {
  const out: string[] = [];
  let piece = '';
  let length = 0;
  // By code point: half a surrogate pair would not survive the wire.
  for (const character of text) {
    piece += character;
    length += 1;
    if (length === 4) {
      out.push(piece);
      piece = '';
      length = 0;
    }
  }
  if (piece !== '') out.push(piece);
  return out;
}

/** `3+4`, `12 * 7`, `9 - 2`; what also stands in dates and paths (`-`, `/`, `x`) needs blanks around it. */
const SUM = /(-?\d{1,9})(?:\s*([+*×])\s*|\s+([-/x])\s+)(-?\d{1,9})/;

/** Right (or, without `right`, wrong) answer to the first sum of two whole numbers in the text. */
export function sumAnswer(text: string, right: boolean): string | undefined {
  const found = SUM.exec(text);
  if (found === null) return undefined;
  const value = calculate(Number(found[1]), found[2] ?? found[3] ?? '', Number(found[4]));
  return value === undefined ? undefined : String(right ? value : value + 1);
}

function calculate(a: number, operator: string, b: number): number | undefined {
  if (operator === '+') return a + b;
  if (operator === '-') return a - b;
  if (operator === '/') return b === 0 ? undefined : Math.trunc(a / b);
  return a * b;
}
