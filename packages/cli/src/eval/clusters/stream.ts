import { hashedEmbedder } from '@atp-router/consensus';
import { seededRng } from '@atp-router/kernel';
import {
  type ClustersView,
  ClusterBook,
  type Direction,
  TermReader,
  textKindOf,
  Topics,
  TOPIC_SETTINGS,
} from '@atp-router/routing';

export const VECTORS = ['words', 'plain', 'embedder'] as const;
/** `words`: tf-idf of hashed words, as the router's own; `plain`: the same without idf; `embedder`: vectors of the embedder in process. */
export type Vectors = (typeof VECTORS)[number];

export interface Streamed {
  /** By place in the data: the cluster of a prompt when it came, and behind the last. Empty: none. */
  readonly came: readonly string[];
  readonly end: readonly string[];
  readonly kinds: readonly string[];
  readonly view: ClustersView;
  /** Prompts that had come when topics were first known. */
  readonly begun_at: number;
}

/** All prompts once, in an order by this seed. What is read of them is their words alone. */
export function streamed(texts: readonly string[], order: readonly number[], vectors: Vectors, seed: number): Streamed {
  const { topics, directionOf } = makerOf(vectors, seed);
  const book = new ClusterBook(TOPIC_SETTINGS.topics);
  const came = texts.map(() => '');
  const kinds = texts.map((text) => textKindOf(text));
  let begun_at = 0;
  for (const [n, place] of order.entries()) {
    const direction = directionOf(texts[place] ?? '');
    const topic = topics.nearest(direction);
    came[place] = topic === undefined ? '' : `topic ${topic}`;
    if (topic === undefined) begun_at = n + 1;
    topics.observe(direction);
    book.saw(direction, topic, textKindOf(texts[place] ?? ''), topics, 0);
  }
  const end = texts.map((text) => {
    const topic = topics.nearest(directionOf(text));
    return topic === undefined ? '' : `topic ${topic}`;
  });
  return { came, end, kinds, view: book.view(), begun_at };
}

interface Maker {
  readonly topics: Topics;
  directionOf(text: string): Direction;
}

function makerOf(vectors: Vectors, seed: number): Maker {
  const topics = new Topics(TOPIC_SETTINGS, seededRng(seed));
  const terms = new TermReader();
  if (vectors === 'words') return { topics, directionOf: (text) => topics.directionOf(terms.read(text)) };
  if (vectors === 'plain') return { topics, directionOf: (text) => plainOf(terms.read(text)) };
  const embedder = hashedEmbedder();
  return { topics, directionOf: (text) => directionOfVector(embedder.embed([text])[0] ?? new Float32Array(0)) };
}

function plainOf({ buckets, counts }: ReturnType<TermReader['read']>): Direction {
  return { buckets, weights: unit(Float32Array.from(counts, (count) => 1 + Math.log(count))) };
}

/** A dense vector as places and weights. */
function directionOfVector(vector: ArrayLike<number>): Direction {
  const buckets = Uint16Array.from({ length: vector.length }, (_, place) => place).filter(
    (place) => vector[place] !== 0,
  );
  return { buckets, weights: unit(Float32Array.from(buckets, (place) => vector[place] ?? 0)) };
}

function unit(weights: Float32Array): Float32Array {
  const length = Math.sqrt(weights.reduce((sum, weight) => sum + weight * weight, 0)) || 1;
  return weights.map((weight) => weight / length);
}
