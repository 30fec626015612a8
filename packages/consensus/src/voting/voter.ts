import { AtpError } from '@atp-router/kernel';
import { argmax, type Ballot, ballotOf, type Said } from './ballot.ts';
import { fitCluster, fitLabelFree, fitLabelled } from './fit.ts';
import { type Cast, Moments } from './moments.ts';
import { PAIR_TABLES, PairCounts } from './pairs.ts';
import { CLUSTERS_MAX, isVoterState, type MomentsState, momentsState, reordered, type VoterState } from './state.ts';
import { at, SOURCES_MAX } from './triangle.ts';

/** Weights are made anew when there is this part more to make them of. */
const GROWTH = 1.02;

/** What turned out to be right. */
export type Truth =
  | { readonly kind: 'key'; readonly key: string }
  /** A mark for each answer, in the same order; undefined where nobody knows. */
  | { readonly kind: 'marks'; readonly right: readonly (boolean | undefined)[] };

interface Fitted {
  readonly weights: Float64Array;
  /** Labels at which it is made anew. */
  readonly next: number;
}

const NONE: Fitted = { weights: new Float64Array(0), next: 0 };

/**
 * Votes whose weights are learned from the stream of answers: without labels, and better with them. Names of sources and
 * answers carry no information, only who said the same as whom. A prompt is voted on before it is learned from. All that is
 * kept are sums (`state`), bounded by `SOURCES_MAX` and `CLUSTERS_MAX`, to which those of another router can be added.
 *
 * Without labels: `spectralWeights`, then least squares against their vote. With labels: least squares against the truth, drawn
 * to these; for each cluster drawn to all. Sources that repeat each other share their weight, as in any regression.
 */
export class Voter {
  /** By name the row of a source in all tables. */
  readonly #sources = new Map<string, number>();
  readonly #pairs = new PairCounts();
  /** Against the vote by agreement, in place of the truth. */
  readonly #self = new Moments();
  readonly #labelled = new Moments();
  readonly #clusters = new Map<string, Moments>();
  #agreement: Float64Array = NONE.weights;
  #label_free: Float64Array = NONE.weights;
  #all: Fitted = NONE;
  readonly #of_cluster = new Map<string, Fitted>();
  #next_prompts = 0;

  knows(source: string): boolean {
    return this.#sources.has(source);
  }

  /** How much the word of a source counts; 1 is that of the average source, and of one of which nothing is known. */
  weight(source: string, cluster?: string): number {
    const weights = this.#weightsOf(cluster);
    return weightIn(weights, this.#sources.get(source)) / meanOf(weights);
  }

  /** Takes in who agreed with whom. Not for prompts where who was asked depended on what the others had said. */
  learn(answers: readonly Said[]): void {
    // What is taken for the truth must not depend on when somebody asked last.
    this.#fit();
    const { voices, keys } = ballotOf(answers);
    const casts = this.#castsOf(voices);
    if (casts.length === 0) return;
    this.#pairs.add(casts, keys.length);
    const sums = new Float64Array(keys.length);
    for (const cast of casts) sums[cast.choice] = (sums[cast.choice] ?? 0) + weightIn(this.#agreement, cast.source);
    const believed = argmax(sums);
    this.#self.add(casts, keys.length, ({ choice }) => (choice === believed ? 1 : 0));
  }

  /** Takes in what turned out to be right. A prompt of which no answer, or every answer, was right says nothing of weights. */
  feedback(answers: readonly Said[], truth: Truth, cluster?: string): void {
    const ballot = ballotOf(answers);
    const right = rightOf(ballot, truth);
    if (right === undefined || right.size === 0 || right.size === ballot.keys.length) return;
    // Made anew whenever something is learned of it: what was kept for a reader depends on when it was read.
    if (cluster !== undefined) this.#of_cluster.delete(cluster);
    const casts = this.#castsOf(ballot.voices);
    const shareOf = ({ choice }: Cast): number => (right.has(choice) ? 1 / right.size : 0);
    this.#labelled.add(casts, ballot.keys.length, shareOf);
    if (cluster !== undefined) this.#clusterOf(cluster).add(casts, ballot.keys.length, shareOf);
  }

  /** Lets all that was learned count for less: `keep` of it, 0 to 1. */
  age(keep: number): void {
    for (const sums of [this.#pairs, this.#self, this.#labelled, ...this.#clusters.values()]) sums.age(keep);
    this.#forgetFits();
  }

  state(): VoterState {
    const rows = this.#sources.size;
    const { self, labelled } = { self: momentsState(this.#self, rows), labelled: momentsState(this.#labelled, rows) };
    const table = (name: (typeof PAIR_TABLES)[number]): number[] =>
      Array.from(this.#pairs[name].subarray(0, self.gram.length));
    return {
      version: 1,
      sources: this.#names(),
      pairs: { both: table('both'), agree: table('agree'), off: table('off'), off_agree: table('off_agree') },
      self,
      labelled,
      clusters: [...this.#clusters].map(([id, moments]) => ({ id, moments: momentsState(moments, rows) })),
    };
  }

  /** Adds the sums of another voter, or of this one from before a restart. Of more than the limits allow those of whom least is known go. */
  merge(state: unknown): void {
    if (!isVoterState(state))
      throw new AtpError(
        'invalid_request',
        'What is to be merged is no state of a voter, version 1. Hand over what `state()` gave.',
      );
    const order = this.#rowsFor(state);
    const tables = PAIR_TABLES.map((name) => [name, reordered(state.pairs[name], order, true)] as const);
    this.#pairs.merge(Object.fromEntries(tables) as Record<(typeof PAIR_TABLES)[number], number[]>);
    const into = (moments: Moments, { count: prompts, gram, pull }: MomentsState): void =>
      moments.merge(prompts, reordered(gram, order, true), reordered(pull, order, false));
    into(this.#self, state.self);
    into(this.#labelled, state.labelled);
    for (const { id, moments } of state.clusters) into(this.#clusterOf(id), moments);
    this.#forgetFits();
  }

  #weightsOf(cluster: string | undefined): Float64Array {
    this.#fit();
    const moments = cluster === undefined ? undefined : this.#clusters.get(cluster);
    if (cluster === undefined || moments === undefined || moments.count === 0) return this.#all.weights;
    const known = this.#of_cluster.get(cluster);
    if (known !== undefined && moments.count < known.next) return known.weights;
    const weights = fitCluster(this.#all.weights, this.#self, moments, this.#all.weights.length);
    this.#of_cluster.set(cluster, { weights, next: moments.count * GROWTH });
    return weights;
  }

  #fit(): void {
    const rows = this.#sources.size;
    const has_grown = this.#self.count >= this.#next_prompts || rows > this.#label_free.length;
    if (!has_grown && this.#labelled.count < this.#all.next) return;
    if (has_grown) {
      const { agreement, weights } = fitLabelFree(this.#pairs, this.#self, rows);
      this.#agreement = agreement;
      this.#label_free = weights;
      this.#next_prompts = this.#self.count * GROWTH + 1;
    }
    const { count: labels } = this.#labelled;
    const free = this.#label_free;
    const weights = labels === 0 ? free : fitLabelled(free, this.#self, this.#labelled, free.length);
    this.#all = { weights, next: labels * GROWTH + Number.EPSILON };
    this.#of_cluster.clear();
  }

  #forgetFits(): void {
    this.#next_prompts = 0;
    this.#all = NONE;
    this.#of_cluster.clear();
  }

  #castsOf(voices: Ballot['voices']): readonly Cast[] {
    // Nobody makes room who is heard now himself.
    const here = new Set(voices.map(({ source }) => source));
    const casts: Cast[] = [];
    for (const { source, choice } of voices) {
      const row = this.#rowOf(source, here);
      if (row !== undefined) casts.push({ source: row, choice });
    }
    return casts;
  }

  /** Rows for the sources of another voter; undefined for those for whom nobody makes room: they are the least known there. */
  #rowsFor({ sources, self, labelled }: VoterState): readonly (number | undefined)[] {
    const heard = sources.map((_, row) => (self.gram[at(row, row)] ?? 0) + (labelled.gram[at(row, row)] ?? 0));
    const here = new Set(sources);
    const rows = new Map<number, number | undefined>();
    const by_heard = [...sources.keys()];
    // Where there is room for all, they keep their order.
    if (new Set([...this.#sources.keys(), ...sources]).size > SOURCES_MAX)
      by_heard.sort((a, b) => (heard[b] ?? 0) - (heard[a] ?? 0) || a - b);
    for (const place of by_heard) rows.set(place, this.#rowOf(sources[place] ?? '', here));
    return sources.map((_, place) => rows.get(place));
  }

  #rowOf(source: string, keep: ReadonlySet<string>): number | undefined {
    const known = this.#sources.get(source);
    if (known !== undefined) return known;
    const row = this.#sources.size < SOURCES_MAX ? this.#sources.size : this.#freed(keep);
    if (row !== undefined) this.#sources.set(source, row);
    return row;
  }

  /** The row of the source of which least is known, emptied; undefined when all are to be kept. */
  #freed(keep: ReadonlySet<string>): number | undefined {
    let [name, least, row] = ['', Number.POSITIVE_INFINITY, -1];
    for (const [source, index] of this.#sources) {
      const cell = at(index, index);
      const heard = (this.#self.gram[cell] ?? 0) + (this.#labelled.gram[cell] ?? 0);
      if (heard < least && !keep.has(source)) [name, least, row] = [source, heard, index];
    }
    if (row < 0) return undefined;
    this.#sources.delete(name);
    for (const sums of [this.#pairs, this.#self, this.#labelled, ...this.#clusters.values()]) sums.clear(row);
    this.#forgetFits();
    return row;
  }

  /** In the order of their rows. */
  #names(): string[] {
    const names = new Array<string>(this.#sources.size);
    for (const [source, row] of this.#sources) names[row] = source;
    return names;
  }

  /** Of more clusters than are kept the one with the fewest labels goes; of several the one that is there longest. */
  #clusterOf(id: string): Moments {
    const known = this.#clusters.get(id);
    if (known !== undefined) return known;
    if (this.#clusters.size >= CLUSTERS_MAX) {
      let [name, least] = ['', Number.POSITIVE_INFINITY];
      for (const [other, { count }] of this.#clusters) if (count < least) [name, least] = [other, count];
      this.#clusters.delete(name);
      this.#of_cluster.delete(name);
    }
    const moments = new Moments();
    this.#clusters.set(id, moments);
    return moments;
  }
}

/** A source of which nothing is known counts as much as the average one. */
function weightIn(weights: Float64Array, index: number | undefined): number {
  return (index === undefined ? undefined : weights[index]) ?? meanOf(weights);
}

function meanOf(weights: Float64Array): number {
  const mean = weights.reduce((sum, weight) => sum + Math.max(0, weight), 0) / weights.length;
  return mean > 0 ? mean : 1;
}

/** Indices of the right answers; undefined when nobody knows of any answer. */
function rightOf({ keys, lanes }: Ballot, truth: Truth): ReadonlySet<number> | undefined {
  if (truth.kind === 'key') {
    const index = keys.indexOf(truth.key.trim());
    return new Set(index < 0 ? [] : [index]);
  }
  const marks = new Map<number, number>();
  for (const [lane, choice] of lanes.entries()) {
    const mark = truth.right[lane];
    if (choice >= 0 && mark !== undefined) marks.set(choice, (marks.get(choice) ?? 0) + (mark ? 1 : -1));
  }
  if (marks.size === 0) return undefined;
  return new Set([...marks].filter(([, sum]) => sum > 0).map(([choice]) => choice));
}
