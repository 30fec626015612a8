import { isCount, isJsonObject, listOf, shapeOf, textOf } from '@atp-router/kernel';
import { EMPTY, isTally, type Observation, plus, type Tally, tallyOf, times, weightOf } from './tally.ts';

/** Personas, agents and models that are told apart: more than a configuration names. At one more the least known is forgotten. */
export const REPUTATION_SOURCES_MAX = 256;
/** Kinds of tasks of each; clients name them, so a hostile one may name many. At one more the least known is forgotten. */
export const REPUTATION_CLUSTERS_MAX = 32;
/** Of a source or a cluster; nothing is learned under a longer name. */
const NAME_CHARS_MAX = 512;

/**
 * Ticks are hours since the epoch. After thirty days an observation counts half: providers change what stands behind a name
 * every few months, and a policy that runs ten times a day still has three hundred sessions to go by.
 */
export const HALF_LIFE_TICKS = 720;

interface Entry {
  readonly tick: number;
  readonly tally: Tally;
}

export interface SourceRecord extends Entry {
  readonly source: string;
  readonly clusters: readonly (Entry & { readonly cluster: string })[];
}

/** All that one origin observed, as JSON. */
export interface ReputationRecord {
  readonly version: 1;
  readonly sources: readonly SourceRecord[];
}

interface Known {
  all: Entry;
  readonly clusters: Map<string, Entry>;
}

/**
 * Observations of sources, over all tasks and by cluster of tasks, as sums that decay. What is observed late counts as little
 * as if it had been there all the time, so order does not matter.
 */
export class ReputationTable {
  readonly #half_life: number;
  /** The one that was observed longest ago first. */
  readonly #sources: Map<string, Known> = new Map();

  constructor(half_life_ticks: number = HALF_LIFE_TICKS) {
    this.#half_life = half_life_ticks;
  }

  learn(source: string, cluster: string | undefined, observation: Observation, tick: number): void {
    this.#add(source, cluster, { tick, tally: tallyOf(observation) });
  }

  /** Of a cluster, or of all tasks, as it counts at this time. */
  of(source: string, cluster: string | undefined, tick: number): Tally {
    const known = this.#sources.get(source);
    const entry = cluster === undefined ? known?.all : known?.clusters.get(cluster);
    return entry === undefined ? EMPTY : times(entry.tally, this.#kept(entry.tick, tick));
  }

  get sources(): readonly string[] {
    return [...this.#sources.keys()];
  }

  clustersOf(source: string): readonly string[] {
    return [...(this.#sources.get(source)?.clusters.keys() ?? [])];
  }

  record(): ReputationRecord {
    const sources = [...this.#sources].map(([source, { all, clusters }]) => ({
      ...{ source, ...all },
      clusters: [...clusters].map(([cluster, entry]) => ({ cluster, ...entry })),
    }));
    return { version: 1, sources };
  }

  /** Adds what another origin observed, or this one before a restart. Once: the sums are not told apart afterwards. */
  add(record: ReputationRecord): void {
    for (const { source, tick, tally, clusters } of record.sources) {
      this.#add(source, undefined, { tick, tally });
      for (const one of clusters) this.#addCluster(source, one.cluster, one);
    }
  }

  #add(source: string, cluster: string | undefined, entry: Entry): void {
    if (source.length > NAME_CHARS_MAX) return;
    const known = this.#sources.get(source);
    if (known !== undefined) {
      known.all = this.#joined(known.all, entry);
      this.#sources.delete(source);
      this.#sources.set(source, known);
    } else {
      if (this.#sources.size >= REPUTATION_SOURCES_MAX) this.#forget(this.#sources, ({ all }) => all, entry.tick);
      this.#sources.set(source, { all: entry, clusters: new Map() });
    }
    if (cluster !== undefined) this.#addCluster(source, cluster, entry);
  }

  #addCluster(source: string, cluster: string, entry: Entry): void {
    const clusters = this.#sources.get(source)?.clusters;
    if (clusters === undefined || cluster.length > NAME_CHARS_MAX) return;
    const known = clusters.get(cluster);
    if (known === undefined && clusters.size >= REPUTATION_CLUSTERS_MAX)
      this.#forget(clusters, (one) => one, entry.tick);
    clusters.delete(cluster);
    clusters.set(cluster, known === undefined ? entry : this.#joined(known, entry));
  }

  /** The one of which least is left; of several the one that was observed longest ago. */
  #forget<T>(among: Map<string, T>, entryOf: (one: T) => Entry, tick: number): void {
    let [name, least] = ['', Number.POSITIVE_INFINITY];
    for (const [key, one] of among) {
      const { tick: since, tally } = entryOf(one);
      const left = weightOf(tally) * this.#kept(since, tick);
      if (left < least) [name, least] = [key, left];
    }
    among.delete(name);
  }

  #joined(a: Entry, b: Entry): Entry {
    const [older, newer] = a.tick <= b.tick ? [a, b] : [b, a];
    return { tick: newer.tick, tally: plus(newer.tally, times(older.tally, this.#kept(older.tick, newer.tick))) };
  }

  /** What is left of an observation. One of a later time, by another clock, counts in full. */
  #kept(since: number, tick: number): number {
    return 0.5 ** (Math.max(0, tick - since) / this.#half_life);
  }
}

const isName = textOf(NAME_CHARS_MAX);

export function isReputationRecord(value: unknown): value is ReputationRecord {
  const isCluster = shapeOf({ cluster: isName, tick: isCount, tally: isTally });
  const clusters = listOf(isCluster, REPUTATION_CLUSTERS_MAX);
  const isSource = shapeOf({ source: isName, tick: isCount, tally: isTally, clusters });
  return isJsonObject(value) && value['version'] === 1 && listOf(isSource, REPUTATION_SOURCES_MAX)(value['sources']);
}
