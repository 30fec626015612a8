import type { Features } from './belief.ts';
import type { Chance, Insight, Prospect } from './insight.ts';
import { SHOWN, type Shown } from './layout.ts';
import {
  accordOf,
  afterOne,
  afterTwo,
  type Guess,
  type Likely,
  type Move,
  type One,
  type Option,
  paidAfterOne,
  type Two,
  worthOf,
  worthOfOne,
} from './moves.ts';
import { ACCORD_USUAL } from './settings.ts';

/** Who may be asked, and what one answer of theirs costs, in points of quality (1 is all of it). */
export interface Contender {
  readonly id: string;
  readonly cost: number;
  /** Of that, what is paid. */
  readonly paid: number;
  /** Tokens that its answer is expected to have. */
  readonly out_tokens: number;
  /** How much better than the average model it is expected to be before anything is known. */
  readonly better: number;
}

/** Places among the contenders. */
export interface Places {
  /** Whom it may be worth to ask first, with a look at the answer. */
  readonly openers: readonly number[];
  /** Who may have the last word. */
  readonly closers: readonly number[];
  /** Who may be asked alone, the most promising first. */
  readonly singles: readonly number[];
}

/** What has come when somebody is thought of: nothing or one answer (`fresh`), its own (`alone`), its own and another, or two others. */
const WHENS = [
  ...(['fresh', 'alone', 'first_seconded', 'first_opposed', 'second_opposed'] as const),
  ...(['behind_agreed', 'behind_differed'] as const),
] as const;
type When = (typeof WHENS)[number];

/** Lengths that an answer may turn out to have, with the chance of each: three points stand for a normal distribution. */
const LENGTHS: readonly (readonly [length: number, chance: number])[] = [
  [-1.2, 0.3],
  [0, 0.4],
  [1.2, 0.3],
];

/**
 * What asking whom is worth for one task, by looking ahead: an answer can be taken, a second opinion be asked for, or somebody
 * better; of two that differ one can be taken, or somebody better asked. Chances are estimated once; guesses change what
 * follows from them.
 */
export class Outlook {
  readonly #insight: Insight;
  readonly #prompt: Features;
  readonly #contenders: readonly Contender[];
  readonly #openers: readonly number[];
  readonly #closers: readonly number[];
  readonly #prospects: Map<number, Prospect> = new Map();
  /** By length, then by both places. */
  readonly #accords: Map<number, Map<number, Chance>> = new Map();
  /** By length, then by place and what is shown: the same one comes in many ways. */
  readonly #options: Map<number, Map<number, Option>> = new Map();
  readonly #fresh: readonly Option[];
  readonly #openings: readonly { readonly whom: number; readonly after: readonly One[] }[];

  constructor(
    insight: Insight,
    prompt: Features,
    contenders: readonly Contender[],
    chances: readonly Chance[],
    { openers, closers, singles }: Places,
  ) {
    this.#insight = insight;
    this.#prompt = prompt;
    this.#contenders = contenders;
    this.#openers = openers;
    this.#closers = closers;
    const looked_at = new Set([...openers, ...closers]);
    this.#fresh = singles.map((whom) =>
      looked_at.has(whom)
        ? this.#option(whom, 'fresh', 0)
        : { whom, cost: this.#costOf(whom), chance: chances[whom] as Chance },
    );
    this.#openings = openers.map((whom) => ({ whom, after: LENGTHS.map(([length]) => this.one(whom, length)) }));
  }

  /** Whom to ask first; `looks`: the answer is worth looking at before it is taken, by more than `look_min`. */
  first(guess: Guess, look_min: number): Move & { readonly looks: boolean } {
    let [whom, worth, looks] = [0, Number.NEGATIVE_INFINITY, false];
    for (const option of this.#fresh) {
      const own = worthOf(option, guess) - option.cost;
      if (own > worth) [whom, worth] = [option.whom, own];
    }
    let least = worth + look_min;
    for (const opening of this.#openings) {
      let own = -this.#costOf(opening.whom);
      for (const [i, [, chance]] of LENGTHS.entries()) own += chance * worthOfOne(opening.after[i] as One, guess);
      if (own > least) [whom, worth, looks, least] = [opening.whom, own, true, own];
    }
    return { kind: 'ask', whom, worth, looks };
  }

  /** Chance that the result is right, if at each step is done what is worth most. */
  right(guess: Guess, look_min: number): number {
    const { whom, worth, looks } = this.first(guess, look_min);
    let paid = this.#costOf(whom);
    const after = looks ? (this.#openings.find((opening) => opening.whom === whom)?.after ?? []) : [];
    for (const [i, one] of after.entries()) paid += (LENGTHS[i]?.[1] ?? 0) * paidAfterOne(one, guess);
    return worth + paid;
  }

  /** What can follow one answer of this one, each with its chance. */
  *afterFirst(whom: number, guess: Guess): Generator<Likely> {
    for (const [length, chance] of LENGTHS) yield { move: afterOne(this.one(whom, length), guess), chance };
  }

  /** What can follow one answer of so much more than the usual length, and one of a second. */
  *afterSecond(first: number, second: number, length: number, guess: Guess): Generator<Likely> {
    const { mean, spread } = this.#accord(first, second, length);
    const same = accordOf({ mean, spread }, guess);
    yield { move: afterTwo(this.two(first, second, length, true), guess), chance: same };
    yield { move: afterTwo(this.two(first, second, length, false), guess), chance: 1 - same };
  }

  /** What can follow an answer that is so much longer than usual. */
  one(first: number, length: number): One {
    return {
      take: this.#option(first, 'alone', length),
      closers: this.#closersBut(first).map((whom) => this.#option(whom, 'fresh', length)),
      seconds: this.#openers
        .filter((whom) => whom !== first)
        .map((second) => ({
          option: { whom: second, cost: this.#costOf(second), chance: this.#accord(first, second, length) },
          same: this.two(first, second, length, true),
          other: this.two(first, second, length, false),
        })),
    };
  }

  two(first: number, second: number, length: number, is_same: boolean): Two {
    const one = this.#option(first, is_same ? 'first_seconded' : 'first_opposed', length);
    const behind = is_same ? 'behind_agreed' : 'behind_differed';
    return {
      takes: is_same ? [one] : [one, this.#option(second, 'second_opposed', length)],
      closers: this.#closersBut(first, second).map((whom) => this.#option(whom, behind, length)),
    };
  }

  /** What is shown of one that has answered alone. */
  alone(whom: number, length: number): Shown {
    return [[SHOWN.length, length], this.#accordOf(whom, length)];
  }

  /** Of one of two that have answered. `length` is that of the first. */
  beside(whom: number, is_first: boolean, length: number, is_same: boolean): Shown {
    const place = is_same ? SHOWN.seconded : SHOWN.opposed;
    const own = is_first ? SHOWN.length : SHOWN.others_length;
    return [[own, length], [place, 1], this.#accordOf(whom, is_first ? length : 0)];
  }

  /** Of one that is asked when two have answered. */
  behind(whom: number, length: number, is_same: boolean): Shown {
    const place = is_same ? SHOWN.others_agreed : SHOWN.others_differed;
    return [[SHOWN.others_length, length], [place, 1], this.#accordOf(whom, 0)];
  }

  /** Of one that is asked when one has answered. */
  fresh(whom: number, length: number): Shown {
    return [[SHOWN.others_length, length], this.#accordOf(whom, 0)];
  }

  #closersBut(...others: readonly number[]): readonly number[] {
    return this.#closers.filter((whom) => !others.includes(whom));
  }

  #option(whom: number, when: When, length: number): Option {
    let of_length = this.#options.get(length);
    if (of_length === undefined) {
      of_length = new Map();
      this.#options.set(length, of_length);
    }
    const key = whom * WHENS.length + WHENS.indexOf(when);
    let option = of_length.get(key);
    if (option === undefined) {
      const is_paid = when === 'alone' || when.startsWith('first') || when.startsWith('second');
      const chance = this.#prospect(whom).given(this.#shown(whom, when, length));
      option = { whom, cost: is_paid ? 0 : this.#costOf(whom), chance };
      of_length.set(key, option);
    }
    return option;
  }

  #shown(whom: number, when: When, length: number): Shown {
    switch (when) {
      case 'alone':
        return this.alone(whom, length);
      case 'fresh':
        return this.fresh(whom, length);
      case 'first_seconded':
      case 'first_opposed':
        return this.beside(whom, true, length, when === 'first_seconded');
      case 'second_opposed':
        return this.beside(whom, false, length, false);
      case 'behind_agreed':
      case 'behind_differed':
        return this.behind(whom, length, when === 'behind_agreed');
    }
  }

  #prospect(whom: number): Prospect {
    let prospect = this.#prospects.get(whom);
    if (prospect === undefined) {
      const { id, better } = this.#contenders[whom] as Contender;
      prospect = this.#insight.prospect(id, this.#prompt, better);
      this.#prospects.set(whom, prospect);
    }
    return prospect;
  }

  #costOf(whom: number): number {
    return this.#contenders[whom]?.cost ?? 0;
  }

  #accord(a: number, b: number, length: number): Chance {
    let of_length = this.#accords.get(length);
    if (of_length === undefined) {
      of_length = new Map();
      this.#accords.set(length, of_length);
    }
    const pair = Math.min(a, b) * this.#contenders.length + Math.max(a, b);
    const known = of_length.get(pair);
    if (known !== undefined) return known;
    const chance = this.#insight.accord(this.#idOf(a), this.#idOf(b), this.#prompt, length);
    of_length.set(pair, chance);
    return chance;
  }

  #idOf(whom: number): string {
    return this.#contenders[whom]?.id ?? '';
  }

  /** How often it and the openers say the same on such a prompt, beside how often two usually do. */
  #accordOf(whom: number, length: number): readonly [number, number] {
    let sum = 0;
    let others = 0;
    for (const one of this.#openers) {
      if (one === whom) continue;
      sum += this.#accord(whom, one, length).mean;
      others += 1;
    }
    return [SHOWN.accord, others === 0 ? 0 : sum / others - ACCORD_USUAL];
  }
}
