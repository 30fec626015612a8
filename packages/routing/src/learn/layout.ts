import type { Features } from './belief.ts';

/** Where each feature stands: what is known of a prompt, then what answers have shown. */
export interface Layout {
  readonly topics: number;
  readonly dims: number;
  /** The first of the features that answers show. */
  readonly shown: number;
}

export const BIAS = 0;
/** How a prompt is written: its length, digits, symbols, lines. */
export const STYLES = 4;
/** What answers show, of a model that is asked about. Offsets from `Layout.shown`. */
export const SHOWN = {
  /** Its own answer is longer than usual here, in standard deviations: it found the task hard. */
  length: 0,
  /** Another gave the same answer as it did, or another one. */
  seconded: 1,
  opposed: 2,
  /** Of one that has not answered: two others agreed, or did not; the first answer was longer than usual. */
  others_agreed: 3,
  others_differed: 4,
  others_length: 5,
  /** How often it and cheap ones say the same on such prompts, which needs no label to be known. */
  accord: 6,
} as const;
export const SHOWN_COUNT = 7;

export function layoutOf(topics: number): Layout {
  const shown = 1 + topics + STYLES;
  return { topics, shown, dims: shown + SHOWN_COUNT };
}

/** Features of a prompt and one thing more. */
export function withShown(
  prompt: Features,
  layout: Layout,
  shown: readonly (readonly [place: number, value: number])[],
): Features {
  const at = prompt.at.slice();
  const value = prompt.value.slice();
  for (const [place, one] of shown) {
    if (one === 0) continue;
    at.push(layout.shown + place);
    value.push(one);
  }
  return { at, value };
}

/** Something shown by answers: its place (`SHOWN`), and its value. */
export type Shown = readonly (readonly [place: number, value: number])[];
