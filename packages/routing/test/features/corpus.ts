import { type Rng, randomInt } from '@atp-router/kernel';

/** A prompt, and the vocabulary that it was made of. */
export interface Made {
  readonly text: string;
  readonly of: number;
}

export const VOCABULARIES = 4;
/** Words of each vocabulary, and words that all share. */
const OWN_WORDS = 40;
const SHARED = 'the of and to in is that for with as on it'.split(' ');
/** Of three words, two are of the prompt's own vocabulary. */
const OWN_OF_THREE = 2;

/** Prompts of four vocabularies in random order; a third of each prompt is what all say. */
export function corpus(rng: Rng, prompts: number): readonly Made[] {
  const vocabularies = Array.from({ length: VOCABULARIES }, () => Array.from({ length: OWN_WORDS }, () => wordOf(rng)));
  return Array.from({ length: prompts }, () => {
    const of = randomInt(rng, 0, VOCABULARIES - 1);
    const words = Array.from({ length: randomInt(rng, 12, 40) }, () => {
      const list = randomInt(rng, 1, 3) <= OWN_OF_THREE ? (vocabularies[of] as string[]) : SHARED;
      return list[randomInt(rng, 0, list.length - 1)] as string;
    });
    return { text: words.join(' '), of };
  });
}

function wordOf(rng: Rng): string {
  return Array.from({ length: randomInt(rng, 4, 9) }, () => String.fromCharCode(randomInt(rng, 0x61, 0x7a))).join('');
}

/** Place of the greatest; of equals, the first. */
export function placeOfMost(values: Iterable<number>): number {
  let [place, most, i] = [0, Number.NEGATIVE_INFINITY, 0];
  for (const value of values) {
    if (value > most) [place, most] = [i, value];
    i += 1;
  }
  return place;
}
