import type { Rng } from '@atp-router/kernel';
import { ClusterBook } from '../clusters/cluster-book.ts';
import type { Features } from '../learn/belief.ts';
import { BIAS, type Layout, STYLES } from '../learn/layout.ts';
import { TermReader, type Terms } from './terms.ts';
import { type TextKind, textKindOf } from './text-kind.ts';
import type { Direction } from './rarity.ts';
import { type TopicSettings, Topics, type TopicsState } from './topics.ts';

/** Topics that a prompt may be of at once. */
const TOPICS_EACH = 3;
/** How much nearer a topic has to be to count for more: a tenth is e². */
const SHARPNESS = 20;

/** Prompts that wait to be learned from: of more that come before one of them is over, nothing is learned. */
const WAITING_MAX = 64;

/** What routing makes of the text of a prompt. */
export interface PromptFeatures {
  readonly features: Features;
  /** Of the topics; empty while none are known. */
  readonly lineage: string;
  /** The nearest topic; undefined while none are known. */
  readonly topic: number | undefined;
  /** What it asks for, by plain signs. It decides nothing. */
  readonly kind: TextKind;
  /** Id of the cluster that the topic is of; undefined: none yet. It decides nothing. */
  readonly cluster?: string | undefined;
}

/** A prompt that was read. */
interface Waiting extends Pick<PromptFeatures, 'topic' | 'kind'> {
  readonly direction: Direction;
}

/** Makes features of prompts, and learns what prompts are about from each of them. No word is kept. */
export class PromptReader {
  readonly #layout: Layout;
  readonly #terms: TermReader = new TermReader();
  readonly #topics: Topics;
  readonly #waiting: Waiting[] = [];
  /** What topics are called. */
  readonly book: ClusterBook;

  constructor(layout: Layout, settings: TopicSettings, rng: Rng) {
    this.#layout = layout;
    this.#topics = new Topics({ ...settings, topics: layout.topics }, rng);
    this.book = new ClusterBook(layout.topics);
  }

  /** What prompts are told apart by, and how far that has come. */
  get topics(): Topics {
    return this.#topics;
  }

  /** The prompt waits to be learned from (`study`), so that nobody has to wait for that. */
  read(text: string, uses_tools: boolean = false): PromptFeatures {
    const terms = this.#terms.read(text);
    const direction = this.#topics.directionOf(terms);
    const at: number[] = [BIAS];
    const value: number[] = [1];
    const topic = this.#topics.begun ? this.#nearest(this.#topics.near(direction), at, value) : undefined;
    for (const [i, style] of stylesOf(terms).entries()) {
      at.push(1 + this.#layout.topics + i);
      value.push(style);
    }
    const kind = textKindOf(text, uses_tools);
    if (this.#waiting.length < WAITING_MAX) this.#waiting.push({ direction, topic, kind });
    const cluster = this.book.idOf(topic);
    return { features: { at, value }, lineage: this.#topics.lineage, topic, kind, cluster };
  }

  /** Learns topics from prompts that came since the last time. `name`: see `Topics.observe`; `tick`: hours since the epoch. */
  study(name: string, tick: number): void {
    for (const { direction, topic, kind } of this.#waiting) {
      this.#topics.observe(direction, name);
      this.book.saw(direction, topic, kind, this.#topics, tick);
    }
    this.#waiting.length = 0;
  }

  /** Undefined while there are no topics. */
  state(): TopicsState | undefined {
    const state = this.#topics.state();
    return state && { ...state, book: this.book.state() };
  }

  /** In place of its own topics and their names. */
  adopt(state: TopicsState): void {
    this.#topics.adopt(state);
    this.book.adopt(state.book);
  }

  /** They are not learned from: somebody else does that. */
  skip(): void {
    this.#waiting.length = 0;
  }

  /** Adds the nearest topics with their parts, which sum to 1. */
  #nearest(near: Float64Array, at: number[], value: number[]): number {
    const best: number[] = [];
    for (let topic = 0; topic < near.length; topic += 1) {
      let place = best.length;
      if (place === TOPICS_EACH && (near[best[place - 1] ?? 0] ?? 0) >= (near[topic] ?? 0)) continue;
      while (place > 0 && (near[best[place - 1] ?? 0] ?? 0) < (near[topic] ?? 0)) place -= 1;
      best.splice(place, 0, topic);
      if (best.length > TOPICS_EACH) best.pop();
    }
    const first = best[0] ?? 0;
    const parts = best.map((topic) => Math.exp(SHARPNESS * ((near[topic] ?? 0) - (near[first] ?? 0))));
    const sum = parts.reduce((all, part) => all + part, 0);
    for (const [i, topic] of best.entries()) {
      at.push(1 + topic);
      value.push((parts[i] ?? 0) / sum);
    }
    return first;
  }
}

/** Each about 0 for a usual prompt, and within 2 of it. */
function stylesOf({ words, digits, symbols, lines }: Terms): readonly number[] {
  const styles = [
    (Math.log(1 + words) - 4.5) / 1.2,
    (digits - 0.03) / 0.05,
    (symbols - 0.06) / 0.06,
    (lines - 0.02) / 0.03,
  ];
  return styles.slice(0, STYLES).map((style) => Math.max(-2, Math.min(2, style)));
}
