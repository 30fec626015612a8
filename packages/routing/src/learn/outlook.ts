import type { Features } from './belief.ts';
import type { Chance, Insight, Prospect } from './insight.ts';
import { SHOWN, type Shown } from './layout.ts';
import { ACCORD_USUAL } from './settings.ts';

/** Who may be asked, and what one answer of theirs costs, in points of quality (1 is all of it). */
export interface Contender {
  readonly id: string;
  readonly cost: number;
  /** How much better than the average model it is expected to be before anything is known. */
  readonly better: number;
}

/** A guess at what is not known, made once for a task: for each contender, and for how often two agree, standard deviations. */
export interface Guess {
  readonly of: Float64Array;
  readonly common: number;
  readonly accord: number;
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

/** Something to do, and what it is worth: the chance of a right answer less what is still to be paid for it. */
export interface Move {
  /** `take`: the answer of one who has answered. `ask`: somebody whose answer is then compared; `close`: whose answer is then taken. */
  readonly kind: 'take' | 'ask' | 'close';
  /** Place among the contenders. */
  readonly whom: number;
  readonly worth: number;
}

/** Who, and what its chance is. */
interface Option {
  readonly whom: number;
  readonly cost: number;
  readonly chance: Chance;
}

/** One has answered. */
interface One {
  readonly take: Option;
  readonly closers: readonly Option[];
  readonly seconds: readonly { readonly option: Option; readonly same: Two; readonly other: Two }[];
}

/** Two have, and say the same, or not. */
interface Two {
  readonly takes: readonly Option[];
  readonly closers: readonly Option[];
}

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
        ? this.#option(whom, this.fresh(whom, 0))
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
      for (const [i, [, chance]] of LENGTHS.entries()) own += chance * afterOne(opening.after[i] as One, guess).worth;
      if (own > least) [whom, worth, looks, least] = [opening.whom, own, true, own];
    }
    return { kind: 'ask', whom, worth, looks };
  }

  /** What can follow an answer that is so much longer than usual. */
  one(first: number, length: number): One {
    return {
      take: this.#option(first, this.alone(first, length), 0),
      closers: this.#closersBut(first).map((whom) => this.#option(whom, this.fresh(whom, length))),
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
    const takes = is_same ? [first] : [first, second];
    return {
      takes: takes.map((whom) => this.#option(whom, this.beside(whom, whom === first, length, is_same), 0)),
      closers: this.#closersBut(first, second).map((whom) => this.#option(whom, this.behind(whom, length, is_same))),
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

  #option(whom: number, shown: Shown, cost: number = this.#costOf(whom)): Option {
    let prospect = this.#prospects.get(whom);
    if (prospect === undefined) {
      const { id, better } = this.#contenders[whom] as Contender;
      prospect = this.#insight.prospect(id, this.#prompt, better);
      this.#prospects.set(whom, prospect);
    }
    return { whom, cost, chance: prospect.given(shown) };
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

export function afterOne({ take, closers, seconds }: One, guess: Guess): Move {
  let [kind, whom, worth]: [Move['kind'], number, number] = ['take', take.whom, worthOf(take, guess)];
  for (const option of closers) {
    const own = worthOf(option, guess) - option.cost;
    if (own > worth) [kind, whom, worth] = ['close', option.whom, own];
  }
  for (const { option, same, other } of seconds) {
    const { mean, spread } = option.chance;
    const chance = clamp(mean + spread * guess.accord, 0.02, 0.98);
    const own = chance * worthOfTwo(same, guess) + (1 - chance) * worthOfTwo(other, guess) - option.cost;
    if (own > worth) [kind, whom, worth] = ['ask', option.whom, own];
  }
  return { kind, whom, worth };
}

export function afterTwo({ takes, closers }: Two, guess: Guess): Move {
  let [kind, whom, worth]: [Move['kind'], number, number] = ['take', takes[0]?.whom ?? 0, Number.NEGATIVE_INFINITY];
  for (const option of takes) {
    const own = worthOf(option, guess);
    if (own > worth) [whom, worth] = [option.whom, own];
  }
  for (const option of closers) {
    const own = worthOf(option, guess) - option.cost;
    if (own > worth) [kind, whom, worth] = ['close', option.whom, own];
  }
  return { kind, whom, worth };
}

/** What `afterTwo` comes to, which a look ahead asks for often. */
function worthOfTwo({ takes, closers }: Two, guess: Guess): number {
  let worth = Number.NEGATIVE_INFINITY;
  for (const option of takes) worth = Math.max(worth, worthOf(option, guess));
  for (const option of closers) worth = Math.max(worth, worthOf(option, guess) - option.cost);
  return worth;
}

function worthOf({ whom, chance }: Option, guess: Guess): number {
  return clamp(chance.mean + chance.spread * (guess.of[whom] ?? 0) + chance.common * guess.common, 0, 1);
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}
