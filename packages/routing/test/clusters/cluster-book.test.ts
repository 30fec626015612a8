import { seededRng } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { isBookState } from '../../src/clusters/book-state.ts';
import { PromptReader } from '../../src/features/reader.ts';
import { BUCKETS } from '../../src/features/terms.ts';
import { TOPIC_SETTINGS } from '../../src/features/topics.ts';
import { layoutOf } from '../../src/learn/layout.ts';
import { corpus } from '../features/corpus.ts';

const TOPICS = 8;
const settings = { ...TOPIC_SETTINGS, topics: TOPICS };
const TICK = 490_000;

function readerOf(seed: number): PromptReader {
  return new PromptReader(layoutOf(TOPICS), settings, seededRng(seed));
}

function feed(reader: PromptReader, texts: readonly string[], tick: number = TICK): void {
  for (const text of texts) {
    reader.read(text);
    reader.study('here', tick);
  }
}

const texts = (seed: number, count: number): readonly string[] =>
  corpus(seededRng(seed), count).map(({ text }) => text);

describe('clusters', () => {
  test('have ids and names that stay, of kinds of text and numbers, and know how large they are', () => {
    const reader = readerOf(1);
    const made = texts(1, 1_600).map((text) => `Translate into French: ${text}`);
    feed(reader, made.slice(0, 800));
    const before = reader.book.view();
    expect(before.clusters.length).toBeGreaterThan(1);
    expect(before.clusters.length).toBeLessThanOrEqual(TOPICS);
    feed(reader, made.slice(800));
    const { clusters, changes, here } = reader.book.view();
    const kept = clusters.filter(({ id }) => before.clusters.some((one) => one.id === id));
    expect(kept.length).toBeGreaterThan(0);
    for (const { id, name, prompts } of kept) {
      const was = before.clusters.find((one) => one.id === id);
      if (was?.name !== null) expect(name).toBe(was?.name);
      expect(prompts).toBeGreaterThanOrEqual(was?.prompts ?? 0);
    }
    const names = clusters.flatMap(({ name }) => name ?? []);
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(name).toMatch(/^translation-\d+$/);
    expect(new Set(names).size).toBe(names.length);
    // Whatever was born is there or has an end on record.
    expect(changes.born + changes.split - changes.merged - changes.retired).toBe(clusters.length);
    expect(here.checked).toBeGreaterThan(200);
    expect(here.reassigned).toBeLessThan(here.checked);
    expect(new Set(clusters.flatMap(({ topics }) => topics)).size).toBe(TOPICS);
  });

  test('topics that are alike are one cluster, with the id of the older', () => {
    const reader = readerOf(2);
    // Four vocabularies, and more topics than these.
    feed(reader, texts(2, 4_000));
    const { clusters, changes } = reader.book.view();
    expect(changes.born + changes.split).toBeGreaterThanOrEqual(TOPICS);
    expect(clusters.length).toBe(changes.born + changes.split - changes.merged - changes.retired);
    for (const { id, topics } of clusters) for (const topic of topics) expect(reader.book.idOf(topic)).toBe(id);
  });

  test('whose topic is about something else by now ends, and its id is of no other', () => {
    const reader = readerOf(3);
    const ids = new Set<string>();
    feed(reader, texts(3, 1_500));
    for (const { id } of reader.book.view().clusters) ids.add(id);
    const before = reader.book.view();
    // Nothing of what was asked before is asked any more, for long.
    for (let i = 0; i < 12; i += 1) feed(reader, texts(100, 2_000), TICK + i);
    const { clusters, changes } = reader.book.view();
    expect(changes.retired).toBeGreaterThan(before.changes.retired);
    for (const { id, born_tick } of clusters) if (!ids.has(id)) expect(born_tick).toBeGreaterThanOrEqual(TICK);
    const born_later = clusters.filter(({ id }) => !ids.has(id));
    expect(born_later.length).toBeGreaterThan(0);
    const numbers = (some: Iterable<string>): number[] => [...some].map((id) => Number(id.split('-').at(-1)));
    expect(Math.min(...numbers(born_later.map(({ id }) => id)))).toBeGreaterThan(Math.max(...numbers(ids)));
  });

  test('go where the topics go: a state names them the same elsewhere, and what another process had is replaced', () => {
    const reader = readerOf(4);
    feed(reader, texts(4, 900));
    const state = structuredClone(reader.state());
    if (state === undefined) throw new Error('no topics');
    expect(isBookState(JSON.parse(JSON.stringify(state.book)), TOPICS, BUCKETS)).toBe(true);
    const other = readerOf(5);
    feed(other, texts(5, 700));
    const lost = other.book.view().clusters.length;
    other.adopt(state);
    expect(other.book.view().clusters).toEqual(reader.book.view().clusters);
    expect(other.book.view().here.replaced).toBe(lost);
    // States of before there were books.
    const { book: _, ...old } = state;
    other.adopt(old);
    expect(other.book.view().clusters).toEqual([]);
    feed(other, texts(4, 300));
    expect(other.book.view().clusters.length).toBeGreaterThan(0);
  });

  test.each([
    ['a cluster that no topic is of', { clusters: [] }],
    ['a count below 0', { next: -1 }],
    ['another number of topics', { slots: [] }],
    ['no changes', { changes: {} }],
  ])('a state with %s is refused', (_, wrong) => {
    const reader = readerOf(6);
    feed(reader, texts(6, 600));
    expect(isBookState(reader.book.state(), TOPICS, BUCKETS)).toBe(true);
    expect(isBookState({ ...reader.book.state(), ...wrong }, TOPICS, BUCKETS)).toBe(false);
  });
});
