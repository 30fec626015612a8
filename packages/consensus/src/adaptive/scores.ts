import { isJsonObject } from '@atp-router/kernel';
import type { StrategyKind } from '../plan.ts';

/** How often a strategy was scored, and the sum of its gains, 0 to 1 each. Two of them are joined by adding. */
export interface Score {
  readonly n: number;
  readonly gain: number;
}

/** What is known of strategies, by cluster of tasks. Held outside, and given to `adaptive` when a session begins. */
export interface StrategyScores {
  /** Of a cluster, or of all tasks. */
  of(kind: StrategyKind, cluster: string | undefined): Score;
}

export interface ScoreRecord {
  readonly version: 1;
  readonly all: Readonly<Record<string, Score>>;
  readonly clusters: Readonly<Record<string, Readonly<Record<string, Score>>>>;
}

/** Clusters that are told apart. One more takes the place of the one with the fewest scores. */
const CLUSTERS_MAX = 256;
/** Kinds of strategies in a record; there are about a dozen. */
const KINDS_MAX = 64;
const NONE: Score = { n: 0, gain: 0 };

/** Until a strategy was scored so often over all tasks, nothing is concluded from it. */
const SCORES_MIN = 20;
/** A cluster counts as much as all tasks together once it has so many scores of its own. */
const SHRINKAGE = 20;

type Table = Map<string, Score>;

/** Additive statistics: what several routers have learned is joined by `merge`, in any order. */
export class ScoreTable implements StrategyScores {
  readonly #all: Table = new Map();
  readonly #clusters: Map<string, Table> = new Map();

  of(kind: StrategyKind, cluster: string | undefined): Score {
    return (cluster === undefined ? this.#all : this.#clusters.get(cluster))?.get(kind) ?? NONE;
  }

  /** What a strategy made, or would have made, of a task: 1 right, 0 wrong, or in between. Anything else is not counted. */
  learn(kind: StrategyKind, cluster: string | undefined, gain: number): void {
    if (!(gain >= 0 && gain <= 1)) return;
    add(this.#all, kind, { n: 1, gain });
    const own = this.#clusterOf(cluster);
    if (own !== undefined) add(own, kind, { n: 1, gain });
  }

  merge(other: ScoreRecord): void {
    for (const [kind, score] of Object.entries(other.all)) add(this.#all, kind, score);
    for (const cluster of Object.keys(other.clusters).sort()) {
      const own = this.#clusterOf(cluster);
      if (own === undefined) continue;
      for (const [kind, score] of Object.entries(other.clusters[cluster] ?? {})) add(own, kind, score);
    }
  }

  toJSON(): ScoreRecord {
    const clusters = [...this.#clusters].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      version: 1,
      all: sorted(this.#all),
      clusters: Object.fromEntries(clusters.map(([cluster, table]) => [cluster, sorted(table)])),
    };
  }

  /** Of several the one whose name comes first, so that it does not depend on the order in which they came. */
  #leastScored(): string {
    let [name, least] = ['', Number.POSITIVE_INFINITY];
    for (const [cluster, table] of this.#clusters) {
      let count = 0;
      for (const { n } of table.values()) count += n;
      if (count < least || (count === least && cluster < name)) [name, least] = [cluster, count];
    }
    return name;
  }

  #clusterOf(cluster: string | undefined): Table | undefined {
    if (cluster === undefined) return undefined;
    const known = this.#clusters.get(cluster);
    if (known !== undefined) return known;
    if (this.#clusters.size >= CLUSTERS_MAX) this.#clusters.delete(this.#leastScored());
    const fresh: Table = new Map();
    this.#clusters.set(cluster, fresh);
    return fresh;
  }
}

function add(table: Table, kind: string, { n, gain }: Score): void {
  const known = table.get(kind) ?? NONE;
  table.set(kind, { n: known.n + n, gain: known.gain + gain });
}

const sorted = (table: Table): Record<string, Score> =>
  Object.fromEntries([...table].sort(([a], [b]) => (a < b ? -1 : 1)));

const isScore = (value: unknown): value is Score =>
  isJsonObject(value) &&
  typeof value['n'] === 'number' &&
  typeof value['gain'] === 'number' &&
  value['n'] >= 0 &&
  value['gain'] >= 0 &&
  value['gain'] <= value['n'];

const isTable = (value: unknown): boolean =>
  isJsonObject(value) && Object.keys(value).length <= KINDS_MAX && Object.values(value).every(isScore);

/** Reads what `toJSON` wrote; undefined for anything else. */
export function readScores(value: unknown): ScoreRecord | undefined {
  if (!isJsonObject(value) || value['version'] !== 1 || !isTable(value['all'])) return undefined;
  const { clusters } = value;
  const is_record =
    isJsonObject(clusters) && Object.keys(clusters).length <= CLUSTERS_MAX && Object.values(clusters).every(isTable);
  return is_record ? (value as unknown as ScoreRecord) : undefined;
}

/** What a strategy gains on a task of a cluster, as far as is known: its mean there, drawn to its mean over all tasks. */
export function expectedGain(
  scores: StrategyScores,
  kind: StrategyKind,
  cluster: string | undefined,
): number | undefined {
  const all = scores.of(kind, undefined);
  if (all.n < SCORES_MIN) return undefined;
  const own = cluster === undefined ? NONE : scores.of(kind, cluster);
  return (own.gain + SHRINKAGE * (all.gain / all.n)) / (own.n + SHRINKAGE);
}

/**
 * The strategy that is expected to gain the most; a tie goes to the one that is named first. Undefined: nothing is known of
 * any. As strategies are pure, feedback scores all of them on the answers that there were, so the one that was best so far
 * is followed and nothing has to be tried (follow the leader: Cesa-Bianchi & Lugosi, Prediction, Learning, and Games, 2006).
 */
export function bestOf(
  scores: StrategyScores,
  among: readonly StrategyKind[],
  cluster: string | undefined,
): { readonly kind: StrategyKind; readonly gain: number } | undefined {
  let best: { readonly kind: StrategyKind; readonly gain: number } | undefined;
  for (const kind of among) {
    const gain = expectedGain(scores, kind, cluster);
    if (gain !== undefined && (best === undefined || gain > best.gain + 1e-12)) best = { kind, gain };
  }
  return best;
}
