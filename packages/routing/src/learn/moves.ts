import type { Chance } from './insight.ts';

/** A guess at what is not known, made once for a task: for each contender, and for how often two agree, standard deviations. */
export interface Guess {
  readonly of: Float64Array;
  readonly common: number;
  readonly accord: number;
}

/** Something to do, and what it is worth: the chance of a right answer less what is still to be paid for it. */
export interface Move {
  /** `take`: the answer of one who has answered. `ask`: somebody whose answer is then compared; `close`: whose answer is then taken. */
  readonly kind: 'take' | 'ask' | 'close';
  /** Place among the contenders. */
  readonly whom: number;
  readonly worth: number;
}

/** A move that may follow, and the chance that it does. */
export interface Likely {
  readonly move: Move;
  readonly chance: number;
}

/** Who, and what its chance is. */
export interface Option {
  readonly whom: number;
  readonly cost: number;
  readonly chance: Chance;
}

/** One has answered. */
export interface One {
  readonly take: Option;
  readonly closers: readonly Option[];
  readonly seconds: readonly { readonly option: Option; readonly same: Two; readonly other: Two }[];
}

/** Two have, and say the same, or not. */
export interface Two {
  readonly takes: readonly Option[];
  readonly closers: readonly Option[];
}

export function afterOne(one: One, guess: Guess): Move {
  let move: Move = { kind: 'take', whom: one.take.whom, worth: worthOf(one.take, guess) };
  for (const option of one.closers) {
    const worth = worthOf(option, guess) - option.cost;
    if (worth > move.worth) move = { kind: 'close', whom: option.whom, worth };
  }
  for (const second of one.seconds) {
    const worth = worthOfSecond(second, guess);
    if (worth > move.worth) move = { kind: 'ask', whom: second.option.whom, worth };
  }
  return move;
}

/** What `afterOne` comes to, which a look ahead asks for often. */
export function worthOfOne({ take, closers, seconds }: One, guess: Guess): number {
  let worth = worthOf(take, guess);
  for (const option of closers) worth = Math.max(worth, worthOf(option, guess) - option.cost);
  for (const second of seconds) worth = Math.max(worth, worthOfSecond(second, guess));
  return worth;
}

function worthOfSecond({ option, same, other }: One['seconds'][number], guess: Guess): number {
  const chance = accordOf(option.chance, guess);
  return chance * worthOfTwo(same, guess) + (1 - chance) * worthOfTwo(other, guess) - option.cost;
}

/** Chance that a second opinion is the same: never quite sure. */
export function accordOf({ mean, spread }: Pick<Chance, 'mean' | 'spread'>, guess: Guess): number {
  return clamp(mean + spread * guess.accord, 0.02, 0.98);
}

/** Who will most likely be asked on, of what may follow, and how likely. Undefined: nobody. */
export function likeliest(all: Iterable<Likely>): { readonly whom: number; readonly chance: number } | undefined {
  const chances = new Map<number, number>();
  for (const { move, chance } of all)
    if (move.kind !== 'take') chances.set(move.whom, (chances.get(move.whom) ?? 0) + chance);
  let best: { readonly whom: number; readonly chance: number } | undefined;
  for (const [whom, chance] of chances) if (chance > (best?.chance ?? 0)) best = { whom, chance };
  return best;
}

/** What is still paid behind one answer, on the average, if at each step is done what is worth most. */
export function paidAfterOne(one: One, guess: Guess): number {
  const { kind, whom } = afterOne(one, guess);
  if (kind === 'take') return 0;
  if (kind === 'close') return one.closers.find((option) => option.whom === whom)?.cost ?? 0;
  const second = one.seconds.find(({ option }) => option.whom === whom);
  if (second === undefined) return 0;
  const same = accordOf(second.option.chance, guess);
  return second.option.cost + same * paidAfterTwo(second.same, guess) + (1 - same) * paidAfterTwo(second.other, guess);
}

function paidAfterTwo(two: Two, guess: Guess): number {
  const { kind, whom } = afterTwo(two, guess);
  return kind === 'take' ? 0 : (two.closers.find((option) => option.whom === whom)?.cost ?? 0);
}

export function afterTwo({ takes, closers }: Two, guess: Guess): Move {
  let move: Move = { kind: 'take', whom: takes[0]?.whom ?? 0, worth: Number.NEGATIVE_INFINITY };
  for (const option of takes) {
    const worth = worthOf(option, guess);
    if (worth > move.worth) move = { kind: 'take', whom: option.whom, worth };
  }
  for (const option of closers) {
    const worth = worthOf(option, guess) - option.cost;
    if (worth > move.worth) move = { kind: 'close', whom: option.whom, worth };
  }
  return move;
}

/** What `afterTwo` comes to, which a look ahead asks for often. */
function worthOfTwo({ takes, closers }: Two, guess: Guess): number {
  let worth = Number.NEGATIVE_INFINITY;
  for (const option of takes) worth = Math.max(worth, worthOf(option, guess));
  for (const option of closers) worth = Math.max(worth, worthOf(option, guess) - option.cost);
  return worth;
}

export function worthOf({ whom, chance }: Option, guess: Guess): number {
  return clamp(chance.mean + chance.spread * (guess.of[whom] ?? 0) + chance.common * guess.common, 0, 1);
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}
