import { type DriftState, UNWATCHED } from '../drift/drift-watch.ts';
import type { TextKind } from '../features/text-kind.ts';
import type { Features } from './belief.ts';
import { KindTallies } from './kind-tallies.ts';
import { type Layout, SHOWN, withShown } from './layout.ts';
import { lengthOf, Lengths, type LengthSums, scaled } from './lengths.ts';
import type { Lesson } from './record.ts';
import { RegressionSums } from './sums.ts';

/** Models of a tenant of which is learned; of more, nothing is kept of the newest. */
export const MODELS_MAX = 300;
/** Pairs of models of a tenant of which it is known how often they agree: of 23 models, all. */
export const PAIRS_MAX = 256;
/** Models times topics of a tenant whose lengths are kept. */
export const LENGTHS_MAX = 10_240;
/** What has faded to less than so much of an observation is as good as nothing. */
const LEAST = 0.01;
/** Observations that count as much as all that was seen of a model before it changed: what it was like says a little of what it is like. */
const CHANGED_COUNTS = 10;
/** Numbers of lengths that take as much memory as the sums of a model: a hundredth part, about. */
export const SUMS_ROOM = 64;

/** How much of another tenant's observations counts, of one thing. */
export interface SharedSettings {
  /** Of one tenant at most so many observations, so that none moves others by what it says alone. */
  readonly each: number;
  /** Of all others together: a tenant that has seen as many itself goes by its own as much as by theirs. */
  readonly all: number;
}

/**
 * What one tenant's tasks teach, as sums: of each model who was right on which prompts, of pairs who says the same, of lengths. They
 * are as of `tick`: what is older has faded.
 */
export class TenantLearned {
  readonly #layout: Layout;
  readonly #half_life: number;
  tick: number;
  share: boolean;
  /** Tasks that are over, and those of which somebody said what was right. */
  tasks = 0;
  told = 0;
  readonly models: Map<string, RegressionSums> = new Map();
  /** By `pairOf`. */
  readonly accords: Map<string, RegressionSums> = new Map();
  readonly lengths: Lengths = new Lengths();
  /** Of models of which something is learned, whether they are still what they were. */
  readonly drifts: Map<string, DriftState> = new Map();

  /** How right models were by kind of text. */
  readonly kinds: KindTallies = new KindTallies();

  constructor(layout: Layout, half_life: number, tick: number, share: boolean) {
    this.#layout = layout;
    this.#half_life = half_life;
    this.tick = tick;
    this.share = share;
  }

  /** Features of models, and of pairs. */
  get dims(): number {
    return this.#layout.dims;
  }

  get accord_dims(): number {
    return this.#layout.shown + 1;
  }

  /** In lengths; see `SUMS_ROOM`. */
  get room(): number {
    return SUMS_ROOM * (this.models.size + this.accords.size) + this.lengths.size;
  }

  /** What is observed at this tick counts so much beside what is there already, which fades if it is older. */
  at(tick: number): number {
    const kept = this.keptAt(tick);
    if (tick <= this.tick) return 1 / kept;
    this.tick = tick;
    this.tasks *= kept;
    this.told *= kept;
    this.lengths.times(kept, LEAST);
    for (const all of [this.models, this.accords]) {
      for (const [key, sums] of all) {
        if (sums.n * kept < LEAST) all.delete(key);
        else sums.times(kept);
      }
    }
    this.kinds.times(kept, this.models);
    for (const model of this.drifts.keys()) if (!this.models.has(model)) this.drifts.delete(model);
    return 1;
  }

  /** What is left at a tick of what is there; above 1 before. */
  keptAt(tick: number): number {
    return 2 ** ((this.tick - tick) / this.#half_life);
  }

  addLength(model: string, topic: number | undefined, tokens: number, weight: number): void {
    const one = lengthOf(tokens);
    if (one === undefined) return;
    this.#addLength(model, undefined, scaled(one, weight));
    if (topic !== undefined) this.#addLength(model, topic, scaled(one, weight));
  }

  addAccord(
    pair: string,
    prompt: Features,
    length: number,
    is_same: boolean,
    weight: number,
  ): RegressionSums | undefined {
    const sums = this.#sums(this.accords, pair, PAIRS_MAX, this.accord_dims);
    sums?.observe(withShown(prompt, this.#layout, [[SHOWN.length, length]]), is_same ? 1 : 0, weight);
    return sums;
  }

  addLesson(
    { model, shown, better, right }: Lesson,
    prompt: Features,
    weight: number,
    kind?: TextKind,
  ): RegressionSums | undefined {
    const sums = this.#sums(this.models, model, MODELS_MAX, this.dims);
    sums?.observe(withShown(prompt, this.#layout, shown), right, weight, better);
    if (sums !== undefined && kind !== undefined) this.kinds.add(model, kind, weight, weight * right);
    return sums;
  }

  /** Takes back what was added with the same; what is there no more, or less of it, is not taken from. */
  removeLesson(
    { model, shown, better, right }: Lesson,
    prompt: Features,
    weight: number,
    kind?: TextKind,
  ): RegressionSums | undefined {
    const sums = this.models.get(model);
    if (sums === undefined || sums.n < weight) return undefined;
    sums.remove(withShown(prompt, this.#layout, shown), right, weight, better);
    if (kind !== undefined) this.kinds.remove(model, kind, weight, weight * right);
    return sums;
  }

  /** Adds what another has seen, as it counts at this one's tick. `most`: observations of each thing that count, at most. */
  add(other: TenantLearned, most: number = Number.POSITIVE_INFINITY): void {
    // Nothing counts for more because it is of a later time.
    const kept = Math.min(1, other.keptAt(this.tick));
    this.tasks += kept * other.tasks;
    this.told += kept * other.told;
    const part = (n: number): number => (n > 0 ? kept * Math.min(1, most / (kept * n)) : 0);
    for (const [model, sums] of other.models)
      this.#sums(this.models, model, MODELS_MAX, this.dims)?.add(sums, part(sums.n));
    this.kinds.addAll(other.kinds, kept, this.models);
    for (const [pair, sums] of other.accords)
      this.#sums(this.accords, pair, PAIRS_MAX, this.accord_dims)?.add(sums, part(sums.n));
    for (const [model, topic, cell] of other.lengths.entries())
      this.#addLength(model, topic, scaled(cell, part(cell.n)));
  }

  /** As if there had been no more than so many observations of each thing. */
  clip(most: number): void {
    for (const all of [this.models, this.accords]) {
      for (const sums of all.values()) if (sums.n > most) sums.times(most / sums.n);
    }
    for (const [model, topic, cell] of [...this.lengths.entries()]) {
      if (cell.n > most) this.lengths.add(model, topic, scaled(cell, most / cell.n - 1));
    }
  }

  driftOf(model: string): DriftState {
    return this.drifts.get(model) ?? UNWATCHED;
  }

  /** A model has changed: of what was learned of it, and of who says the same as it, little counts. Returns whose sums are others now. */
  changed(model: string): ReadonlyMap<string, RegressionSums> {
    const found = new Map<string, RegressionSums>();
    const forget = (key: string, sums: RegressionSums | undefined): void => {
      if (sums === undefined) return;
      if (sums.n > CHANGED_COUNTS) sums.times(CHANGED_COUNTS / sums.n);
      found.set(key, sums);
    };
    const n = this.models.get(model)?.n ?? 0;
    if (n > CHANGED_COUNTS) this.kinds.scale(model, CHANGED_COUNTS / n);
    forget(model, this.models.get(model));
    for (const [pair, sums] of this.accords) if (pair.split('\n').includes(model)) forget(pair, sums);
    return found;
  }

  /** Topics are told apart in another way now: what was learned of all else stays. */
  forgetTopics(): void {
    const { topics } = this.#layout;
    for (const all of [this.models, this.accords]) for (const sums of all.values()) sums.forget(1, 1 + topics);
    this.lengths.forgetTopics();
  }

  #sums(all: Map<string, RegressionSums>, key: string, max: number, dims: number): RegressionSums | undefined {
    const known = all.get(key);
    if (known !== undefined || all.size >= max) return known;
    const sums = new RegressionSums(dims);
    all.set(key, sums);
    return sums;
  }

  #addLength(model: string, topic: number | undefined, more: LengthSums): void {
    if (this.lengths.size >= LENGTHS_MAX && !this.lengths.has(model, topic)) return;
    this.lengths.add(model, topic, more);
  }
}

/** The same for both orders. */
export function pairOf(a: string, b: string): string {
  return a < b ? `${a}\n${b}` : `${b}\n${a}`;
}

/** What all others that share have seen, as far as it counts for one tenant. */
export function sharedFor(
  tenant: string,
  tenants: Iterable<readonly [tenant: string, learned: TenantLearned]>,
  into: TenantLearned,
  { each, all }: SharedSettings,
): TenantLearned {
  for (const [other, learned] of tenants) if (other !== tenant && learned.share) into.add(learned, each);
  into.clip(all);
  return into;
}
