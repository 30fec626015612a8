import { clip } from '@atp-router/kernel';
import { foldText } from '../text/fold.ts';

/** Sentences that are checked, of a rewrite and of each answer; the rest of a rewrite is taken out, of an answer not used. */
const SENTENCES_MAX = 400;
/** Characters of an answer that are used. */
const SOURCE_CHARS = 65_536;
/** Sentences of one answer, one after the other, of which a rewritten one may be made. */
const WINDOW = 3;
/** Sentences and passages that are held against each other; then nothing more is found to be said by anybody. */
const COMPARISONS_MAX = 200_000;
/** Part of the words of a sentence, and of its pairs of words, that its source must have. */
const WORDS_FROM = 0.8;
const PAIRS_FROM = 0.4;

/** Words that carry no claim of their own; all others must come from an answer. */
const PLAIN: ReadonlySet<string> = new Set(
  'a an the this that these those it its they them their there here is are was were be been being am do does did has have had of in on at to for from by with as and or so also then thus hence therefore which who whose what when where while if than too very can may should will would could must because however but both although though since about into'.split(
    ' ',
  ),
);
/** Words that turn what a sentence says into its opposite. */
const TURNING: ReadonlySet<string> = new Set(
  'not no never none nothing nobody neither nor without cannot cant dont doesnt didnt isnt arent wasnt werent wont wouldnt shouldnt couldnt mustnt hasnt havent hadnt hardly rarely except unless false wrong incorrect unsafe fails failed'.split(
    ' ',
  ),
);

interface Passage {
  readonly words: ReadonlySet<string>;
  readonly pairs: ReadonlySet<string>;
  /** How many of its words turn it round. */
  readonly turns: number;
}

/** What a text says of which nobody says it. */
export interface Checked {
  /** What is left: the lines of the text without the sentences that nobody says. */
  readonly text: string;
  readonly sentences: number;
  readonly removed: readonly string[];
}

/** What a claim must rest on: the answers, taken apart once. */
export class Sources {
  readonly #whole: Set<string> = new Set();
  readonly #passages: Passage[] = [];
  #left: number = COMPARISONS_MAX;
  /** By word, the passages that have it, so that a sentence is held only against those it shares a word with. */
  readonly #by_word: Map<string, number[]> = new Map();

  constructor(texts: readonly string[]) {
    for (const text of texts) {
      const sentences = sentencesOf(clip(text, SOURCE_CHARS)).slice(0, SENTENCES_MAX).map(foldText);
      for (const sentence of sentences) this.#whole.add(sentence);
      for (let at = 0; at < sentences.length; at += 1) {
        for (let size = 1; size <= WINDOW && at + size <= sentences.length; size += 1) {
          this.#add(
            passageOf(
              sentences
                .slice(at, at + size)
                .join(' ')
                .split(' '),
            ),
          );
        }
      }
    }
  }

  #add(passage: Passage): void {
    const at = this.#passages.length;
    this.#passages.push(passage);
    for (const word of passage.words) {
      const places = this.#by_word.get(word);
      if (places === undefined) this.#by_word.set(word, [at]);
      else places.push(at);
    }
  }

  /**
   * Whether an answer says it: word for word, or in a passage of up to three sentences that has four fifths of its words and
   * two fifths of its pairs of words, all of its numbers and names, and is turned into the opposite at the same places. No
   * word may be new to all answers. Wording is all that is seen: an order of words that turns the meaning round passes
   * where the pairs do.
   */
  support(sentence: string): boolean {
    const folded = foldText(sentence);
    if (folded === '' || this.#whole.has(folded)) return true;
    const words = folded.split(' ');
    const telling = [...new Set(words)].filter((word) => !PLAIN.has(word));
    if (telling.length === 0 || !telling.every((word) => this.#by_word.has(word))) return false;
    const own = passageOf(words);
    const exact = [...namesIn(sentence), ...words.filter((word) => /\p{N}|[%$€£]/u.test(word)), ...turnsIn(words)];
    const needed = Math.ceil(WORDS_FROM * telling.length);
    // Whoever has so many of the words has one of the rarest.
    const lists = telling.map((word) => this.#by_word.get(word) ?? []).sort((a, b) => a.length - b.length);
    for (const place of placesIn(lists.slice(0, telling.length - needed + 1))) {
      this.#left -= 1;
      if (this.#left < 0) return false;
      const passage = this.#passages[place];
      if (passage === undefined || passage.turns !== own.turns) continue;
      if (!exact.every((word) => passage.words.has(word) || passage.pairs.has(word))) continue;
      const shared = telling.filter((word) => passage.words.has(word)).length;
      if (shared >= needed && partOf(own.pairs, passage.pairs) >= PAIRS_FROM) return true;
    }
    return false;
  }

  /** Takes out of a text what no answer says. */
  check(text: string): Checked {
    const removed: string[] = [];
    let sentences = 0;
    const kept = text.split('\n').flatMap((line) => {
      const own = sentencesOf(line);
      if (own.length === 0) return [line];
      const said = own.filter((sentence) => {
        sentences += 1;
        const is_said = sentences <= SENTENCES_MAX && this.support(sentence);
        if (!is_said) removed.push(sentence);
        return is_said;
      });
      return said.length === own.length ? [line] : said.length === 0 ? [] : [said.join(' ')];
    });
    return { text: kept.join('\n').trim(), sentences, removed };
  }
}

/** Sentences of a text, each within one line. A mark of a list or a heading alone is none. */
export function sentencesOf(text: string): string[] {
  const sentences: string[] = [];
  for (const line of text.split(/[\n\r\v\f\u0085\u2028\u2029]/)) {
    let from = 0;
    for (const { index, 0: end } of line.matchAll(/[.!?]["'”’)\]*_`]{0,3}(?= )|[。！？]/g)) {
      sentences.push(line.slice(from, index + end.length));
      from = index + end.length;
    }
    sentences.push(line.slice(from));
  }
  return sentences.map((sentence) => sentence.trim()).filter((sentence) => /[\p{L}\p{N}]/u.test(sentence));
}

function passageOf(words: readonly string[]): Passage {
  const pairs = new Set<string>();
  for (let at = 1; at < words.length; at += 1) pairs.add(`${words[at - 1]} ${words[at]}`);
  return {
    words: new Set(words),
    pairs,
    turns: words.filter((word) => TURNING.has(word)).length,
  };
}

/** What is turned round, as pairs of words: the turning one and the one that it stands before, or at the end behind. */
function turnsIn(words: readonly string[]): string[] {
  return words.flatMap((word, at) => {
    if (!TURNING.has(word)) return [];
    const next = words[at + 1];
    return next === undefined ? [`${words[at - 1] ?? ''} ${word}`] : [`${word} ${next}`];
  });
}

/** Part of `own` that is in `other`, 1 of none. */
function partOf(own: ReadonlySet<string>, other: ReadonlySet<string>): number {
  if (own.size === 0) return 1;
  let shared = 0;
  for (const one of own) if (other.has(one)) shared += 1;
  return shared / own.size;
}

/** Words with a capital that do not begin the sentence: names, which nothing may stand for. Folded. */
function namesIn(sentence: string): string[] {
  return [...sentence.matchAll(/(?<=[\p{L}\p{N},;:]["'”’)]? ["'“‘(]?)\p{Lu}[\p{L}\p{N}_]*/gu)].flatMap(([name]) =>
    foldText(name)
      .split(' ')
      .filter((word) => word !== ''),
  );
}

/** One after the other: most are never looked at. */
function* placesIn(lists: readonly (readonly number[])[]): Generator<number> {
  for (const list of lists) yield* list;
}
