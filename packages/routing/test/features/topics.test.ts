import { seededRng } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TermReader } from '../../src/features/terms.ts';
import type { Direction } from '../../src/features/rarity.ts';
import { TOPIC_SETTINGS, Topics, type TopicsState } from '../../src/features/topics.ts';
import { corpus, type Made, placeOfMost, VOCABULARIES } from './corpus.ts';

const EIGHT = { ...TOPIC_SETTINGS, topics: 8 };
const SMALL = { topics: 3, kept: 8, again: 2, begin_at: 4, settled_at: 1_000, rest: 4 };
const SEEDS = [1, 2, 3, 5, 8, 13];
const reader = new TermReader();

function observe(topics: Topics, texts: Iterable<string>): Topics {
  for (const text of texts) topics.observe(topics.directionOf(reader.read(text)));
  return topics;
}

const textsOf = (made: readonly Made[]): readonly string[] => made.map(({ text }) => text);
const nearOf = (topics: Topics, text: string): Float64Array => topics.near(topics.directionOf(reader.read(text)));
const topicOf = (topics: Topics, text: string): number => placeOfMost(nearOf(topics, text));

function lengthOf({ weights }: Direction): number {
  return Math.sqrt(weights.reduce((sum, weight) => sum + weight * weight, 0));
}

/** How many of the prompts are of the vocabulary that most of their topic are of, and how many share the topic of another. */
function told(topics: Topics, probe: readonly Made[]): { purity: number; same: number; different: number } {
  const of_topic = new Map<number, number[]>();
  for (const { text, of } of probe) {
    const topic = topicOf(topics, text);
    const row = of_topic.get(topic) ?? new Array<number>(VOCABULARIES).fill(0);
    row[of] = (row[of] ?? 0) + 1;
    of_topic.set(topic, row);
  }
  const rows = [...of_topic.values()];
  const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
  const squares = (values: readonly number[]): number => sum(values.map((one) => one ** 2));
  const of_vocabulary = Array.from({ length: VOCABULARIES }, (_, of) => probe.filter((one) => one.of === of).length);
  const pairs = squares(of_vocabulary);
  const shared = sum(rows.map(squares));
  return {
    purity: sum(rows.map((row) => Math.max(...row))) / probe.length,
    // Of all pairs of prompts of one vocabulary, or of two, how many are nearest to the same topic.
    same: shared / pairs,
    different: (squares(rows.map(sum)) - shared) / (probe.length ** 2 - pairs),
  };
}

describe('the direction of a prompt', () => {
  const word = fc.constantFrom(...'a the cat sat mat 7 12 = \n 猫 Größe \ud83d {} long words'.split(' '));
  const prompt = fc.array(word, { maxLength: 30 }).map((words) => words.join(' '));

  test('has the length 1, or 0 where there is no word', () => {
    fc.assert(
      fc.property(fc.array(prompt, { maxLength: 20 }), prompt, (before, text) => {
        const topics = observe(new Topics(SMALL, seededRng(1)), before);
        const terms = reader.read(text);
        const direction = topics.directionOf(terms);
        expect(direction.buckets).toEqual(terms.buckets);
        expect(direction.weights.length).toBe(terms.buckets.length);
        expect(lengthOf(direction)).toBeCloseTo(terms.buckets.length === 0 ? 0 : 1, 5);
        for (const weight of direction.weights) expect(weight).toBeGreaterThanOrEqual(0);
      }),
      { seed: 1_201, numRuns: 300 },
    );
  });

  test('leans to words that are rare, and to those that come often in it', () => {
    const topics = observe(new Topics(EIGHT, seededRng(1)), ['the cat', 'the dog', 'the house', 'the mat']);
    const weightsOf = (text: string): number[] => [...topics.directionOf(reader.read(text)).weights];
    const [the, cat, unheard] = weightsOf('the cat unheard') as [number, number, number];
    expect(the).toBeLessThan(cat);
    expect(cat).toBeLessThan(unheard);
    const [often, once] = weightsOf('cat cat cat dog') as [number, number];
    expect(often).toBeGreaterThan(once);
  });

  test('is within 0 and 1 of each topic, and near a topic that is made of it alone', () => {
    fc.assert(
      fc.property(fc.array(prompt, { minLength: 1, maxLength: 60 }), fc.integer(), (texts, seed) => {
        const topics = observe(new Topics(SMALL, seededRng(seed)), texts);
        if (texts.length < SMALL.begin_at) expect(topics.begun).toBe(false);
        for (const text of texts) {
          const near = nearOf(topics, text);
          expect(near).toHaveLength(SMALL.topics);
          for (const cosine of near) {
            expect(cosine).toBeGreaterThanOrEqual(0);
            expect(cosine).toBeLessThanOrEqual(1 + 1e-5);
          }
        }
      }),
      { seed: 1_202, numRuns: 200 },
    );
    const same = observe(
      new Topics(SMALL, seededRng(1)),
      Array.from({ length: 200 }, () => 'the only prompt'),
    );
    expect(Math.max(...nearOf(same, 'the only prompt'))).toBeCloseTo(1, 5);
    expect(Math.max(...nearOf(same, 'something else altogether'))).toBe(0);
  });
});

describe('topics', () => {
  test('are looked for once there are prompts enough', () => {
    const made = textsOf(corpus(seededRng(1), EIGHT.begin_at));
    const topics = observe(new Topics(EIGHT, seededRng(1)), made.slice(0, -1));
    expect(topics.begun).toBe(false);
    expect([...nearOf(topics, made[0] ?? '')]).toEqual(new Array<number>(8).fill(0));
    observe(topics, made.slice(-1));
    expect(topics.begun).toBe(true);
    expect(Math.max(...nearOf(topics, made[0] ?? ''))).toBeGreaterThan(0);
  });

  test.each(SEEDS)('tell vocabularies apart (seed %d)', (seed) => {
    const made = corpus(seededRng(seed), 1_200);
    const topics = observe(new Topics(EIGHT, seededRng(seed + 100)), textsOf(made.slice(0, 800)));
    const { purity, same, different } = told(topics, made.slice(800));
    expect(purity).toBeGreaterThan(0.9);
    expect(same).toBeGreaterThan(0.5);
    expect(different).toBeLessThan(0.05);
  });

  test.each(SEEDS)('as many as routing has tell them apart, too (seed %d)', (seed) => {
    const made = corpus(seededRng(seed), 1_200);
    const topics = observe(new Topics(TOPIC_SETTINGS, seededRng(seed + 100)), textsOf(made.slice(0, 800)));
    const { purity, different } = told(topics, made.slice(800));
    expect(purity).toBeGreaterThan(0.9);
    expect(different).toBeLessThan(0.05);
  });

  test('are the same for equal seeds, and others for another', () => {
    const made = textsOf(corpus(seededRng(7), 600));
    const of = (seed: number): Float64Array[] => {
      const topics = observe(new Topics(EIGHT, seededRng(seed)), made);
      return made.slice(0, 100).map((text) => nearOf(topics, text));
    };
    expect(of(4)).toEqual(of(4));
    expect(of(4)).not.toEqual(of(5));
  });

  test('asking changes nothing', () => {
    const made = textsOf(corpus(seededRng(7), 600));
    const [asked, other] = [new Topics(EIGHT, seededRng(4)), new Topics(EIGHT, seededRng(4))];
    for (const text of made) {
      topicOf(asked, made[0] ?? '');
      observe(asked, [text]);
    }
    observe(other, made);
    for (const text of made.slice(0, 50)) expect(nearOf(asked, text)).toEqual(nearOf(other, text));
  });

  test.each(SEEDS)('keep their labels while more of the same comes (seed %d)', (seed) => {
    const made = corpus(seededRng(seed), 2_400);
    const topics = observe(new Topics(EIGHT, seededRng(seed + 100)), textsOf(made.slice(0, 800)));
    const probe = textsOf(made.slice(800, 1_100));
    const before = probe.map((text) => topicOf(topics, text));
    observe(topics, textsOf(made.slice(1_100)));
    const stayed = probe.filter((text, i) => topicOf(topics, text) === before[i]).length;
    expect(stayed / probe.length).toBeGreaterThan(0.9);
  });

  test('go on for long with few prompts kept', () => {
    const made = corpus(seededRng(9), 3_000);
    const topics = observe(new Topics({ ...EIGHT, kept: 64 }, seededRng(9)), textsOf(made));
    const { purity, different } = told(topics, made.slice(-300));
    expect(purity).toBeGreaterThan(0.9);
    expect(different).toBeLessThan(0.05);
  });

  // With so few kept, the sums of a topic grow by an eighth with each prompt: beyond any number, were they let.
  test('stay of a length that can be told, however much comes', () => {
    const texts = ['sort this list', 'what is the capital', 'write a poem'];
    const topics = new Topics(SMALL, seededRng(1));
    for (let i = 0; i < 1_000; i += 1) observe(topics, texts);
    const nearest = texts.map((text) => Math.max(...nearOf(topics, text)));
    for (const cosine of nearest) expect(cosine).toBeCloseTo(1, 4);
    expect(new Set(texts.map((text) => topicOf(topics, text))).size).toBe(texts.length);
  });

  test.each(SEEDS)(
    'mean the same to whoever adopts them, though they are told by their strongest words (seed %d)',
    (seed) => {
      const made = textsOf(corpus(seededRng(seed), 1_200));
      const topics = observe(new Topics(TOPIC_SETTINGS, seededRng(seed)), made.slice(0, 900));
      const json = JSON.stringify(topics.state());
      expect(json.length).toBeLessThan(200_000);
      const other = observe(new Topics(TOPIC_SETTINGS, seededRng(seed + 1)), made.slice(900));
      other.adopt(JSON.parse(json));
      expect([other.lineage, other.version, other.begun]).toEqual([topics.lineage, topics.version, true]);
      const same = made.filter((text) => topicOf(other, text) === topicOf(topics, text));
      expect(same.length / made.length).toBeGreaterThan(0.97);
      // What is adopted is told in the same words again, and goes on from there.
      const wordsOf = ({ topics: list }: TopicsState): readonly (readonly number[])[] => list.map(({ at }) => at);
      expect(wordsOf(other.state() as TopicsState)).toEqual(wordsOf(topics.state() as TopicsState));
      observe(other, made.slice(0, 200));
      expect(other.version).toBe(topics.version + 200);
      const later = made.filter((text) => topicOf(other, text) === topicOf(topics, text));
      expect(later.length / made.length).toBeGreaterThan(0.9);
    },
  );
});

describe('however it began', () => {
  /** Two thousand prompts of all vocabularies after some that say nothing of them. */
  const begunWith = (first: (i: number) => string, seed: number): number => {
    const made = corpus(seededRng(seed), 2_300);
    const topics = new Topics(EIGHT, seededRng(seed + 100));
    observe(
      topics,
      Array.from({ length: EIGHT.begin_at }, (_, i) => first(i)),
    );
    observe(topics, textsOf(made.slice(0, 2_000)));
    return told(topics, made.slice(2_000)).purity;
  };

  test.each([
    ['the same prompt', () => 'Ping: is the service healthy?'],
    ['three templates', (i: number) => ['ping the health of it', 'list models', 'say hello please'][i % 3] ?? ''],
    ['prompts without a word', () => ''],
  ])('with %s, later prompts are told apart', (_, first) => {
    for (const seed of SEEDS) expect(begunWith(first, seed)).toBeGreaterThan(0.9);
  });

  test('no topic is of nothing', () => {
    const made = textsOf(corpus(seededRng(3), 1_000)).map((text, i) => (i % 3 === 0 ? '' : text));
    const topics = observe(new Topics(EIGHT, seededRng(3)), made);
    const most = new Float64Array(EIGHT.topics);
    for (const text of made)
      for (const [topic, cosine] of nearOf(topics, text).entries()) most[topic] = Math.max(most[topic] ?? 0, cosine);
    expect(Math.min(...most)).toBeGreaterThan(0);
  });
});
