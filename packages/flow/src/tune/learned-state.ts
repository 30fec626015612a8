import { isJsonObject } from '@atp-router/kernel';
import { ARMS, type Cell, cellCount, type LearnedOptions, type LearnedState } from './learned.ts';

const VERSION = 1;
/** A state of 168 phases, one for each hour of a week, has a quarter of this. */
const CHARS_MAX = 1_048_576;
/** Rewards lie between -1.5 and 1. */
const REWARD_MAX = 2;

/** The text is no state that can be used. The message says why, and that training anew makes one. */
export class StateError extends Error {
  constructor(what: string) {
    super(`${what}; train the tuner anew`);
    this.name = 'StateError';
  }
}

/** What was learned, as JSON. The choice that stands is not in it: it belongs to the moment. */
export function writeLearned(state: LearnedState, { cycle_ms, phases }: LearnedOptions): string {
  const cells = state.cells.map(({ n, mean, spread }) => [n, mean, spread]);
  return JSON.stringify({ atp_tuner: VERSION, kind: 'learned', cycle_ms, phases, arms: ARMS, cells });
}

/** Reads it for a tuner with these options. Throws `StateError`. */
export function readLearned(text: string, options: LearnedOptions): LearnedState {
  if (text.length > CHARS_MAX) throw new StateError(`the state has more than ${CHARS_MAX} characters`);
  const value = parsed(text);
  if (!isJsonObject(value) || value['atp_tuner'] !== VERSION || value['kind'] !== 'learned') {
    throw new StateError(`the text is no state of a learned tuner, version ${VERSION}`);
  }
  const { cycle_ms, phases, arms, cells } = value as Readonly<Record<string, unknown>>;
  if (cycle_ms !== options.cycle_ms || phases !== options.phases) {
    throw new StateError(`the state is of ${String(phases)} phases in ${String(cycle_ms)} ms, not of the configured`);
  }
  const same_arms = Array.isArray(arms) && arms.length === ARMS.length && arms.every((arm, i) => arm === ARMS[i]);
  if (!same_arms) throw new StateError('the state is of other choices than this version has');
  const count = cellCount(options);
  if (!Array.isArray(cells) || cells.length !== count) throw new StateError(`the state has not ${count} cells`);
  return { cells: cells.map((cell, i) => cellOf(cell, i, options)), standing: null };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new StateError('the state is not JSON');
  }
}

function cellOf(value: unknown, i: number, { memory }: LearnedOptions): Cell {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  const [n, mean, spread] = list;
  const is_count = Number.isSafeInteger(n) && (n as number) >= 0 && (n as number) <= memory;
  const fits = is_count && within(mean, -REWARD_MAX, REWARD_MAX) && within(spread, 0, REWARD_MAX ** 2);
  if (!fits || list.length !== 3) throw new StateError(`cell ${i} is not [count up to ${memory}, mean, spread]`);
  return { n: n as number, mean: mean as number, spread: spread as number };
}

function within(value: unknown, low: number, high: number): boolean {
  return typeof value === 'number' && value >= low && value <= high;
}
