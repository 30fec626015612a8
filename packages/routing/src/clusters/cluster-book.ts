import { TEXT_KINDS, type TextKind } from '../features/text-kind.ts';
import type { Direction } from '../features/rarity.ts';
import type { Topics } from '../features/topics.ts';
import {
  ANCHOR_WORDS,
  type BookState,
  type ChangeCounts,
  CLUSTER_CHANGES,
  type ClusterChange,
  type ClusterState,
  type Reassigned,
  type SlotState,
} from './book-state.ts';

export interface BookSettings {
  /** Prompts between two looks at what became of clusters. */
  readonly every: number;
  /** Late prompts that are kept, as hashed words, to be assigned again. */
  readonly kept: number;
  /** Cosine from which two topics are one cluster, and below which they are two again. */
  readonly merge_at: number;
  readonly split_at: number;
  /** A topic that is so much less like its anchor than it was is about something else. */
  readonly moved_at: number;
  /** Prompts of a cluster from which it is named, and from which its anchor stays. */
  readonly named_from: number;
  readonly settled_from: number;
}

/** 256 prompts of each 256: all that come are assigned again once. */
export const BOOK_SETTINGS: BookSettings = {
  ...{ every: 256, kept: 256, merge_at: 0.9, split_at: 0.75, moved_at: 0.5, named_from: 16, settled_from: 256 },
};

/** When all counts together are more, each counts half: shares are of late prompts, not of all that ever came. */
const COUNTED_MAX = 16_384;

interface Cluster {
  readonly id: string;
  name: string | null;
  readonly born_tick: number;
  prompts: number;
  readonly kinds: Map<TextKind, number>;
  checked: number;
  reassigned: number;
}

interface Kept {
  readonly direction: Direction;
  cluster: string | undefined;
}

/** A cluster with the topics that are one in it. */
export interface ClusterSeen extends ClusterState {
  readonly topics: readonly number[];
}

/** Clusters as they are, and what became of them. */
export interface ClustersView {
  readonly clusters: readonly ClusterSeen[];
  /** Since the first of them, wherever it was found. */
  readonly changes: ChangeCounts;
  /** What this process has seen itself since it began. */
  readonly here: ChangeCounts & Reassigned;
}

/**
 * Names of topics that stay. A topic is a place among others, whose middle moves with the prompts that come; a cluster is what
 * it stands for: an id that is never given again, and a name of a kind of text and a number, for no word is kept. It only watches:
 * no decision depends on it.
 */
export class ClusterBook {
  readonly #settings: BookSettings;
  #next = 1;
  readonly #named: Map<TextKind, number> = new Map();
  #slots: (SlotState | null)[];
  readonly #clusters: Map<string, Cluster> = new Map();
  #changes: Record<ClusterChange, number> = noChanges();
  readonly #here: Record<ClusterChange, number> & { checked: number; reassigned: number } = {
    ...noChanges(),
    ...{ checked: 0, reassigned: 0 },
  };
  readonly #kept: Kept[] = [];
  #seen = 0;

  constructor(topics: number, settings: BookSettings = BOOK_SETTINGS) {
    this.#settings = settings;
    this.#slots = Array.from({ length: topics }, () => null);
  }

  /** Id of the cluster that a topic is of; undefined: none yet. */
  idOf(topic: number | undefined): string | undefined {
    return topic === undefined ? undefined : this.#slots[topic]?.cluster;
  }

  /** A prompt that was read, and learned from by now. `tick`: hours since the epoch. */
  saw(direction: Direction, topic: number | undefined, kind: TextKind, topics: Topics, tick: number): void {
    const { every, kept } = this.#settings;
    const id = this.idOf(topic);
    const cluster = id === undefined ? undefined : this.#clusters.get(id);
    if (cluster !== undefined) {
      cluster.prompts += 1;
      cluster.kinds.set(kind, (cluster.kinds.get(kind) ?? 0) + 1);
    }
    this.#kept[this.#seen % kept] = { direction, cluster: id };
    this.#seen += 1;
    if (this.#seen % every === 0 && topics.begun) this.#review(topics, tick);
  }

  view(): ClustersView {
    const clusters = [...this.#clusters.values()].map((one): ClusterSeen => {
      const topics = this.#slots.flatMap((slot, topic) => (slot?.cluster === one.id ? [topic] : []));
      return { ...stateOf(one), topics };
    });
    return { clusters, changes: { ...this.#changes }, here: { ...this.#here } };
  }

  state(): BookState {
    const clusters = [...this.#clusters.values()].map(stateOf);
    return { next: this.#next, named: [...this.#named], slots: this.#slots, clusters, changes: { ...this.#changes } };
  }

  /** In place of its own. `state` was found to be one of as many topics; undefined: they were found before there were books. */
  adopt(state: BookState | undefined): void {
    const before = [...this.#clusters.keys()];
    this.#clusters.clear();
    this.#named.clear();
    this.#slots = this.#slots.map((_, topic) => state?.slots[topic] ?? null);
    for (const { kinds, ...one } of state?.clusters ?? []) {
      this.#clusters.set(one.id, { ...one, kinds: new Map(kinds) });
    }
    for (const [kind, count] of state?.named ?? []) this.#named.set(kind, count);
    this.#next = Math.max(state?.next ?? 1, this.#next);
    this.#changes = { ...(state?.changes ?? noChanges()) };
    for (const id of before) if (!this.#clusters.has(id)) this.#count('replaced');
    for (const one of this.#kept) one.cluster = undefined;
  }

  #review(topics: Topics, tick: number): void {
    for (let topic = 0; topic < this.#slots.length; topic += 1) this.#renew(topic, topics, tick);
    const near = topics.likeness();
    this.#mergeAndSplit(near, topics, tick);
    for (const cluster of this.#clusters.values()) this.#name(cluster);
    this.#assignAgain(topics);
    const counted = [...this.#clusters.values()].reduce((sum, { prompts }) => sum + prompts, 0);
    if (counted > COUNTED_MAX) for (const cluster of this.#clusters.values()) halve(cluster);
  }

  /** Gives a topic a cluster that has none, and another one where it is about something else by now. */
  #renew(topic: number, topics: Topics, tick: number): void {
    const { moved_at, settled_from } = this.#settings;
    const slot = this.#slots[topic];
    if (slot === null || slot === undefined) {
      if (topics.has(topic)) this.#bear(topic, topics, tick, 'born');
      return;
    }
    const { anchor, is_settled, cluster } = slot;
    if (is_settled && topics.nearTo(topic, anchor) < moved_at * anchor.near) {
      this.#bear(topic, topics, tick, 'born');
    } else if (!is_settled && (this.#clusters.get(cluster)?.prompts ?? 0) >= settled_from) {
      this.#slots[topic] = { cluster, anchor: anchorOf(topic, topics), is_settled: true };
    }
  }

  #bear(topic: number, topics: Topics, tick: number, change: ClusterChange): void {
    const before = this.idOf(topic);
    // What a lineage is called ends with a number by chance: ids of different lineages do not meet.
    const tag = Number(topics.lineage.split(' ').at(-1) ?? 0).toString(36);
    const id = `${tag}-${this.#next}`;
    this.#next += 1;
    this.#clusters.set(id, { ...EMPTY, id, born_tick: tick, kinds: new Map() });
    this.#slots[topic] = { cluster: id, anchor: anchorOf(topic, topics), is_settled: false };
    this.#count(change);
    if (before !== undefined && this.#drop(before)) this.#count('retired');
  }

  /** Forgets a cluster that no topic is of any more; whether it was so. */
  #drop(id: string): boolean {
    if (this.#slots.some((slot) => slot?.cluster === id)) return false;
    return this.#clusters.delete(id);
  }

  /** Of two topics that are one, the younger takes the id of the older; when they part, it gets one of its own. */
  #mergeAndSplit(near: (a: number, b: number) => number, topics: Topics, tick: number): void {
    const { merge_at, split_at } = this.#settings;
    for (let a = 0; a < this.#slots.length; a += 1) {
      for (let b = a + 1; b < this.#slots.length; b += 1) {
        const [one, other] = [this.#slots[a], this.#slots[b]];
        if (!one || !other) continue;
        if (one.cluster === other.cluster) {
          if (near(a, b) < split_at) this.#bear(b, topics, tick, 'split');
        } else if (near(a, b) >= merge_at) this.#join(one.cluster, other.cluster);
      }
    }
  }

  #join(a: string, b: string): void {
    const order = [...this.#clusters.keys()];
    const [older, younger] = order.indexOf(a) < order.indexOf(b) ? [a, b] : [b, a];
    const [into, from] = [this.#clusters.get(older), this.#clusters.get(younger)];
    if (into === undefined || from === undefined) return;
    this.#slots = this.#slots.map((slot) => (slot?.cluster === younger ? { ...slot, cluster: older } : slot));
    into.prompts += from.prompts;
    for (const [kind, count] of from.kinds) into.kinds.set(kind, (into.kinds.get(kind) ?? 0) + count);
    this.#clusters.delete(younger);
    // What is of both now has not gone elsewhere.
    for (const one of this.#kept) if (one.cluster === younger) one.cluster = older;
    this.#count('merged');
  }

  /** By the kind that most of its prompts are of. A name stays: who reads it a month later means the same cluster. */
  #name(cluster: Cluster): void {
    if (cluster.name !== null || cluster.prompts < this.#settings.named_from) return;
    const [first] = [...cluster.kinds].sort(([a, n], [b, m]) => m - n || TEXT_KINDS.indexOf(a) - TEXT_KINDS.indexOf(b));
    if (first === undefined) return;
    const [kind] = first;
    const count = (this.#named.get(kind) ?? 0) + 1;
    this.#named.set(kind, count);
    cluster.name = `${kind}-${count}`;
  }

  #assignAgain(topics: Topics): void {
    for (const one of this.#kept) {
      const now = this.idOf(topics.nearest(one.direction));
      const cluster = one.cluster === undefined ? undefined : this.#clusters.get(one.cluster);
      if (one.cluster !== undefined) {
        const has_left = now !== one.cluster;
        this.#here.checked += 1;
        if (has_left) this.#here.reassigned += 1;
        if (cluster !== undefined) {
          cluster.checked += 1;
          if (has_left) cluster.reassigned += 1;
        }
      }
      one.cluster = now;
    }
  }

  #count(change: ClusterChange): void {
    this.#changes[change] += 1;
    this.#here[change] += 1;
  }
}

const EMPTY = { name: null, prompts: 0, checked: 0, reassigned: 0 } as const;

function anchorOf(topic: number, topics: Topics): SlotState['anchor'] {
  const words = topics.strongest(topic, ANCHOR_WORDS);
  return { ...words, near: Number(topics.nearTo(topic, words).toPrecision(4)) };
}

function halve(cluster: Cluster): void {
  cluster.prompts /= 2;
  for (const [kind, count] of cluster.kinds) cluster.kinds.set(kind, count / 2);
}

function stateOf({ kinds, ...one }: Cluster): ClusterState {
  return { ...one, kinds: [...kinds] };
}

function noChanges(): Record<ClusterChange, number> {
  return Object.fromEntries(CLUSTER_CHANGES.map((change) => [change, 0])) as Record<ClusterChange, number>;
}
