import { parsePattern, type PatternNode } from './pattern-parse.ts';

/** One step of a pattern: a character to be seen, a choice, an end of the text to be at, or that all was seen. */
type Step =
  | { readonly kind: 'char'; readonly has: (point: number) => boolean; readonly next: number }
  | { readonly kind: 'split'; readonly next: readonly number[] }
  | { readonly kind: 'start' | 'end'; readonly next: number }
  | { readonly kind: 'match' };

/** Steps of one pattern: repetitions are written out. */
const STEPS_MAX = 2_000;
/** Steps that are gone through for one text, some ten milliseconds; what needs more says nothing. */
const WORK_MAX = 25_000;
/** Sets of steps that are remembered; of more all are forgotten. */
const SETS_MAX = 1_000;

/** Steps that a text may be at, and where each character leads from there. */
interface Place {
  readonly steps: readonly number[];
  readonly is_match: boolean;
  readonly to: Map<number, Place>;
}

/**
 * A regular expression that takes time linear in the text, whatever both are: all ways are gone at once (Thompson 1968), and sets of
 * them remembered. So it has no back references and looks neither ahead nor behind.
 */
export class Pattern {
  readonly #steps: readonly Step[];
  readonly #start: number;

  /** Throws `SyntaxError`, which says what is wrong. */
  constructor(source: string) {
    const steps: Step[] = [{ kind: 'match' }];
    const add = (step: Step): number => {
      if (steps.length >= STEPS_MAX)
        throw new SyntaxError(`it has more than ${STEPS_MAX} steps, repetitions written out`);
      return steps.push(step) - 1;
    };
    this.#start = built(parsePattern(source), 0, add, steps);
    this.#steps = steps;
  }

  /** Whether it is found anywhere in a text; undefined: that would take too long. */
  isIn(text: string): boolean | undefined {
    let work = 0;
    let places = new Map<string, Place>();
    const placeOf = (seeds: readonly number[], at_start: boolean, at_end: boolean): Place => {
      const found = this.#closure(seeds, at_start, at_end);
      work += found.length;
      const key = found.join(' ');
      const known = places.get(key);
      if (known !== undefined) return known;
      if (places.size >= SETS_MAX) places = new Map();
      const place = { steps: found, is_match: found.includes(0), to: new Map<number, Place>() };
      places.set(key, place);
      return place;
    };
    let place = placeOf([this.#start], true, text === '');
    let length = 0;
    for (const char of text) {
      if (place.is_match) return true;
      if (work > WORK_MAX) return undefined;
      length += char.length;
      const point = char.codePointAt(0) ?? 0;
      const is_last = length === text.length;
      let next = is_last ? undefined : place.to.get(point);
      if (next === undefined) {
        work += place.steps.length;
        next = placeOf([...this.#behind(place, point), this.#start], false, is_last);
        if (!is_last) place.to.set(point, next);
      }
      place = next;
    }
    return place.is_match;
  }

  #behind({ steps }: Place, point: number): readonly number[] {
    return steps.flatMap((at) => {
      const step = this.#steps[at];
      return step?.kind === 'char' && step.has(point) ? [step.next] : [];
    });
  }

  /** All steps that can be come to without a character, in order. */
  #closure(seeds: readonly number[], at_start: boolean, at_end: boolean): readonly number[] {
    const seen = new Set<number>();
    const waiting = [...seeds];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      const step = this.#steps[at];
      if (step?.kind === 'split') waiting.push(...step.next);
      if ((step?.kind === 'start' && at_start) || (step?.kind === 'end' && at_end)) waiting.push(step.next);
    }
    return [...seen].sort((a, b) => a - b);
  }
}

/** Adds the steps of a node in front of `next`; returns the first of them. */
function built(node: PatternNode, next: number, add: (step: Step) => number, steps: Step[]): number {
  switch (node.kind) {
    case 'char':
      return add({ kind: 'char', has: node.has, next });
    case 'start':
    case 'end':
      return add({ kind: node.kind, next });
    case 'sequence':
      return node.parts.reduceRight((behind, part) => built(part, behind, add, steps), next);
    case 'either':
      return add({ kind: 'split', next: node.parts.map((part) => built(part, next, add, steps)) });
    case 'repeat':
      return repeated(node, next, add, steps);
    default:
      return node satisfies never;
  }
}

function repeated(
  { part, min, max }: Extract<PatternNode, { kind: 'repeat' }>,
  next: number,
  add: (step: Step) => number,
  steps: Step[],
): number {
  let first = next;
  if (max === undefined) {
    // The loop needs its own number before what it leads to is there.
    first = add({ kind: 'match' });
    steps[first] = { kind: 'split', next: [built(part, first, add, steps), next] };
  } else {
    for (let n = min; n < max; n += 1) first = add({ kind: 'split', next: [built(part, first, add, steps), next] });
  }
  for (let n = 0; n < min; n += 1) first = built(part, first, add, steps);
  return first;
}
