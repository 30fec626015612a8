import {
  labelQueue,
  observationKpis,
  type ObservedRow,
  promotionCycles,
  readRecord,
  subjectOf,
} from '@atp-router/routing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

function row(n: number, more: Partial<ObservedRow> = {}): ObservedRow {
  const ids = { id: `obs_${String(n).padStart(4, '0')}`, request_id: `call_${n}`, tenant: 'acme', model: 'small' };
  return { ...ids, subject: 'none', at_ms: n, chance: 0.9, spread: 0.1, ...more };
}

const topics = fc.array(
  fc.record({
    subject: fc.constantFrom('a', 'b', 'c', 'd'),
    chance: fc.double({ min: 0, max: 1, noNaN: true }),
    spread: fc.double({ min: 0, max: 0.5, noNaN: true }),
    score: fc.option(fc.constantFrom(0, 1), { nil: undefined }),
  }),
  { maxLength: 60 },
);

describe('the queue for labelling', () => {
  test('asks first for what is least certain of a topic', () => {
    const rows = [row(1, { chance: 0.99 }), row(2, { chance: 0.5 }), row(3, { chance: 0.5, spread: 0.4 })];
    const queue = labelQueue(rows, 3);
    expect(queue.map(({ row: { id } }) => id)).toEqual(['obs_0003', 'obs_0002', 'obs_0001']);
    expect(queue[0]).toMatchObject({ uncertainty: 0.9, coverage: 1, priority: 0.9 });
  });

  test('leaves out what has a word, and lets no topic fall behind', () => {
    fc.assert(
      fc.property(topics, fc.integer({ min: 0, max: 30 }), (drawn, limit) => {
        const rows = drawn.map((more, n) => row(n, more));
        const queue = labelQueue(rows, limit);
        const open = rows.filter(({ score }) => score === undefined);
        expect(queue.length).toBe(Math.min(limit, open.length));
        expect(new Set(queue.map(({ row: { id } }) => id)).size).toBe(queue.length);
        expect(queue.every(({ row: one }) => one.score === undefined)).toBe(true);
        const has = (subject: string): number =>
          rows.filter((one) => one.subject === subject && one.score !== undefined).length +
          queue.filter((one) => one.row.subject === subject).length;
        // Whoever has something left is behind nobody that was given something, by more than one.
        const taken = new Set(queue.map(({ row: { subject } }) => subject));
        const left = open.filter(({ id }) => !queue.some((one) => one.row.id === id));
        for (const { subject } of left) for (const one of taken) expect(has(one)).toBeLessThanOrEqual(has(subject) + 1);
      }),
    );
  });

  test('does not depend on the order of what it is made of', () => {
    fc.assert(
      fc.property(topics, (drawn) => {
        const rows = drawn.map((more, n) => row(n, more));
        expect(labelQueue([...rows].reverse(), 20)).toEqual(labelQueue(rows, 20));
      }),
    );
  });
});

test('numbers say which topics have enough words, and what share of traffic is in these', () => {
  const rows = [
    ...Array.from({ length: 6 }, (_, n) => row(n, { subject: 'sums', score: 1 })),
    ...Array.from({ length: 2 }, (_, n) => row(10 + n, { subject: 'prose' })),
  ];
  expect(observationKpis(rows, 5)).toMatchObject({ covered_topics: 0.5, covered_traffic: 0.75, labels: 6 });
  expect(observationKpis([], 5)).toEqual({ observations: 0, labels: 0, labels_min: 5, topics: [] });
});

test('a promotion cycle runs from the first manifest to the model being active', () => {
  const at = (kind: 'registered' | 'active', at_ms: number) => ({ kind, at_ms });
  const steps = [at('active', 1), at('registered', 10), at('registered', 20), at('active', 50), at('active', 60)];
  expect(promotionCycles(steps)).toEqual([{ cycle_ms: 40, at_ms: 50 }]);
});

test('records of another version, or of none, are refused', () => {
  const word = { v: 1, kind: 'word', tenant: 'acme', request_id: 'call_1', score: 0.5, at_ms: 1 };
  expect(readRecord(word)).toEqual({ kind: 'record', record: word });
  expect(readRecord({ ...word, v: 2 })).toEqual({ kind: 'refused', reason: 'version' });
  for (const wrong of [{ ...word, score: 2 }, { ...word, kind: 'other' }, [], null, { v: 1, kind: 'observation' }]) {
    expect(readRecord(wrong)).toEqual({ kind: 'refused', reason: 'form' });
  }
  expect(subjectOf({ topic: 3, lineage: 'n1' })).toBe('n1#3');
});
