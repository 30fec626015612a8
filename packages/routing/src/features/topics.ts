import { type Rng, randomInt } from '@atp-router/kernel';
import type { BookState } from '../clusters/book-state.ts';
import type { Sparse } from '../learn/sparse.ts';
import { drawn } from './drawn.ts';
import { type Direction, Rarity } from './rarity.ts';
import { BUCKETS, type Terms } from './terms.ts';

export interface TopicSettings {
  readonly topics: number;
  /** Prompts that are kept, without their words, to find topics in. */
  readonly kept: number;
  /** Kept prompts that are looked at again with each new one. */
  readonly again: number;
  /** Prompts before topics are looked for. */
  readonly begin_at: number;
  /** Once so many have been learned from, only each `rest`th is, so that others have not to wait for it. */
  readonly settled_at: number;
  readonly rest: number;
}

export const TOPIC_SETTINGS: TopicSettings = {
  ...{ topics: 32, kept: 2_048, again: 8, begin_at: 256 },
  ...{ settled_at: 4_096, rest: 8 },
};

/** Topics as JSON, of each its strongest words by their buckets: 130 kB. */
export interface TopicsState {
  readonly lineage: string;
  readonly version: number;
  /** In how many prompts a word came. */
  readonly prompts: Sparse;
  readonly topics: readonly (Sparse & { readonly members: number })[];
  /** Names of their clusters; absent in states of before they had any. */
  readonly book?: BookState | undefined;
}

/** Words of a topic that are told: half of what most topics are made of, and most of their weight. */
export const STRONGEST = 256;
/** Names of lineages that one process may give. */
const LINEAGES = 2 ** 31;

/**
 * Topics of prompts, found without labels: tf-idf of hashed words, and mini-batch k-means by cosine over the prompts of late,
 * each of which is looked at many times (Sculley 2010, "Web-Scale K-Means Clustering"; Dhillon, Modha 2001 for directions).
 */
export class Topics {
  readonly #settings: TopicSettings;
  readonly #rng: Rng;
  readonly #rarity: Rarity = new Rarity();
  /** Prompts since one was learned from, once topics are settled. */
  #resting = 0;
  readonly #kept: Direction[] = [];
  /** `BUCKETS` rows of `topics` sums: a word is looked up once for all topics. */
  readonly #centres: Float32Array;
  readonly #lengths: Float64Array;
  readonly #members: Float64Array;
  /** Topics without a member. */
  #free: number;
  #lineage = '';

  constructor(settings: TopicSettings, rng: Rng) {
    this.#settings = settings;
    this.#rng = rng;
    this.#free = settings.topics;
    this.#centres = new Float32Array(BUCKETS * settings.topics);
    this.#lengths = new Float64Array(settings.topics);
    this.#members = new Float64Array(settings.topics);
  }

  get begun(): boolean {
    return this.#lineage !== '';
  }

  /** Prompts in which they were found: those that were learned from. */
  get version(): number {
    return this.#rarity.prompts;
  }

  /** The same for topics that mean the same; empty while there are none. */
  get lineage(): string {
    return this.#lineage;
  }

  directionOf(terms: Terms): Direction {
    return this.#rarity.directionOf(terms);
  }

  /** Cosine with each topic. */
  near({ buckets, weights }: Direction): Float64Array {
    const { topics } = this.#settings;
    const near = new Float64Array(topics);
    const centres = this.#centres;
    for (let i = 0; i < buckets.length; i += 1) {
      const row = (buckets[i] ?? 0) * topics;
      const weight = weights[i] ?? 0;
      if (weight === 0) continue;
      for (let topic = 0; topic < topics; topic += 1)
        near[topic] = (near[topic] as number) + weight * (centres[row + topic] as number);
    }
    for (let topic = 0; topic < topics; topic += 1) {
      const length = this.#lengths[topic] ?? 0;
      near[topic] = length > 0 ? (near[topic] ?? 0) / Math.sqrt(length) : 0;
    }
    return near;
  }

  /** A prompt that came. One without a word says nothing of topics. `name`: of the lineage that begins where there is none yet. */
  observe(direction: Direction, name: string = 'topics'): void {
    if (direction.buckets.length === 0) return;
    this.#resting = (this.#resting + 1) % this.#settings.rest;
    if (this.#rarity.prompts >= this.#settings.settled_at && this.#resting !== 0) return;
    this.#rarity.came(direction.buckets);
    const { kept, again, begin_at } = this.#settings;
    if (this.#kept.length < kept) this.#kept.push(direction);
    else this.#kept[this.#rarity.prompts % kept] = direction;
    // Those of the same words as another's make no topic of their own: what is free is looked for again.
    if (this.#free > 0 && this.#rarity.prompts % begin_at === 0) this.#seed(name);
    if (!this.begun) return;
    this.#take(direction);
    for (let i = 0; i < again; i += 1) {
      const one = this.#kept[randomInt(this.#rng, 0, this.#kept.length - 1)];
      if (one !== undefined) this.#take(one);
    }
  }

  /** Undefined while there are none. */
  state(): TopicsState | undefined {
    if (!this.begun) return undefined;
    const topics = Array.from(this.#members, (members, topic) => ({ members, ...this.strongest(topic, STRONGEST) }));
    const prompts = this.#rarity.state();
    return { lineage: this.#lineage, version: this.#rarity.prompts, prompts, topics };
  }

  /** In place of its own. `state` was found to be one of as many topics. */
  adopt({ lineage, version, prompts, topics }: TopicsState): void {
    this.#lineage = lineage;
    this.#rarity.adopt(version, prompts);
    this.#centres.fill(0);
    this.#free = 0;
    for (const [topic, { members, at, value }] of topics.entries()) {
      this.#members[topic] = members;
      let square = 0;
      for (const [i, bucket] of at.entries()) {
        this.#centres[bucket * topics.length + topic] = value[i] ?? 0;
        square += (value[i] ?? 0) ** 2;
      }
      this.#lengths[topic] = square;
      if (square === 0) this.#free += 1;
    }
  }

  /** A prompt has been found that is of it. */
  has(topic: number): boolean {
    return (this.#lengths[topic] ?? 0) > 0;
  }

  /** The topic that a prompt is nearest to; undefined while there are none. */
  nearest(direction: Direction): number | undefined {
    if (!this.begun) return undefined;
    let [best, most] = [0, Number.NEGATIVE_INFINITY];
    for (const [topic, cosine] of this.near(direction).entries()) if (cosine > most) [best, most] = [topic, cosine];
    return best;
  }

  /** Cosine of a topic with words whose squares sum to 1. */
  nearTo(topic: number, { at, value }: Sparse): number {
    const { topics } = this.#settings;
    let dot = 0;
    for (const [i, bucket] of at.entries()) dot += (this.#centres[bucket * topics + topic] ?? 0) * (value[i] ?? 0);
    return this.has(topic) ? dot / Math.sqrt(this.#lengths[topic] ?? 1) : 0;
  }

  /** Cosines of all topics with each other, as they are now. */
  likeness(): (a: number, b: number) => number {
    const { topics } = this.#settings;
    const dots = new Float64Array(topics * topics);
    for (let row = 0; row < this.#centres.length; row += topics) {
      for (let a = 0; a < topics; a += 1) {
        const of_a = this.#centres[row + a] ?? 0;
        if (of_a === 0) continue;
        for (let b = a + 1; b < topics; b += 1)
          dots[a * topics + b] = (dots[a * topics + b] ?? 0) + of_a * (this.#centres[row + b] ?? 0);
      }
    }
    return (a, b) => {
      const scale = Math.sqrt((this.#lengths[a] ?? 0) * (this.#lengths[b] ?? 0));
      return scale > 0 ? (dots[Math.min(a, b) * topics + Math.max(a, b)] ?? 0) / scale : 0;
    };
  }

  /** Its strongest words by bucket, at most so many; squares sum to 1. */
  strongest(topic: number, most: number): Sparse {
    const { topics } = this.#settings;
    const size = (bucket: number): number => this.#centres[bucket * topics + topic] ?? 0;
    const words = Array.from({ length: BUCKETS }, (_, bucket) => bucket).filter((bucket) => size(bucket) > 0);
    words.sort((a, b) => size(b) - size(a) || a - b);
    const at = words.slice(0, most).sort((a, b) => a - b);
    const length = Math.sqrt(at.reduce((sum, bucket) => sum + size(bucket) ** 2, 0));
    return { at, value: at.map((bucket) => Number((size(bucket) / length).toPrecision(4))) };
  }

  /** k-means++ (Arthur, Vassilvitskii 2007) for the topics that have no member yet: the first of each is far from all others. */
  #seed(name: string): void {
    // Squared once more than there: of few prompts with few words, most are far from each other, and the farthest have to come first.
    const far = this.#kept.map((one) => (isSilent(one) ? 0 : (1 - Math.max(...this.near(one))) ** 2));
    for (let topic = 0; topic < this.#settings.topics; topic += 1) {
      if ((this.#lengths[topic] ?? 0) > 0) continue;
      const direction = this.#kept[drawn(far, this.#rng)];
      if (direction === undefined || far.every((distance) => distance < SAME)) return;
      this.#add(topic, direction, 1);
      this.#free -= 1;
      if (!this.begun) this.#lineage = `${name} ${randomInt(this.#rng, 0, LINEAGES - 1)}`;
      for (const [i, one] of this.#kept.entries()) far[i] = Math.min(far[i] ?? 0, (1 - this.#cosine(one, topic)) ** 2);
    }
  }

  #take(direction: Direction): void {
    const best = this.nearest(direction) ?? 0;
    const members = Math.min(this.#members[best] ?? 0, this.#settings.kept);
    this.#add(best, direction, 1 / (members + 1));
  }

  /** Moves a centre by a share of the way; the rest of it shrinks. Sums stay, so that only what changes is touched. */
  #add(topic: number, { buckets, weights }: Direction, share: number): void {
    const { topics } = this.#settings;
    const scale = share >= 1 ? 1 : share / (1 - share);
    // The centre keeps its length: what is added grows instead, and all is made small again before it is too large.
    const length = Math.sqrt(this.#lengths[topic] ?? 0) || 1;
    let square = this.#lengths[topic] ?? 0;
    for (let i = 0; i < buckets.length; i += 1) {
      const at = (buckets[i] ?? 0) * topics + topic;
      const before = this.#centres[at] ?? 0;
      const after = before + scale * length * (weights[i] ?? 0);
      this.#centres[at] = after;
      square += after * after - before * before;
    }
    this.#lengths[topic] = square;
    this.#members[topic] = (this.#members[topic] ?? 0) + 1;
    if (square > 1e12) this.#shrink(topic);
  }

  #shrink(topic: number): void {
    const { topics } = this.#settings;
    const scale = 1 / Math.sqrt(this.#lengths[topic] ?? 1);
    let square = 0;
    for (let at = topic; at < this.#centres.length; at += topics) {
      const value = (this.#centres[at] ?? 0) * scale;
      this.#centres[at] = value;
      square += value * value;
    }
    this.#lengths[topic] = square;
  }

  #cosine({ buckets, weights }: Direction, topic: number): number {
    const length = this.#lengths[topic] ?? 0;
    if (length <= 0) return 0;
    const { topics } = this.#settings;
    let dot = 0;
    for (let i = 0; i < buckets.length; i += 1)
      dot += (this.#centres[(buckets[i] ?? 0) * topics + topic] ?? 0) * (weights[i] ?? 0);
    return dot / Math.sqrt(length);
  }
}

/** The square of what two prompts of the same words differ by. */
const SAME = 1e-6;

/** Its words are in every prompt. */
function isSilent({ weights }: Direction): boolean {
  return weights.every((weight) => weight === 0);
}
