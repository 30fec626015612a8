import { expect, test } from 'vitest';
import { CLUSTERS_MAX, type Said, SOURCES_MAX, Voter } from '../../src/voting/index.ts';

test('keeps no more sources and clusters than it may; the others count as the average', () => {
  const voter = new Voter();
  const crowd = Array.from({ length: SOURCES_MAX + 5 }, (_, i) => ({
    source: `s${i}`,
    key: i % 2 === 0 ? 'a' : 'b',
  }));
  for (let i = 0; i < CLUSTERS_MAX + 5; i += 1) voter.feedback(crowd, { kind: 'key', key: 'a' }, `c${i}`);
  expect(voter.state().sources).toHaveLength(SOURCES_MAX);
  expect(voter.state().clusters).toHaveLength(CLUSTERS_MAX);
  expect(voter.weight(`s${SOURCES_MAX + 1}`)).toBe(1);
});

test('lets whoever is least known make room for somebody new, and leaves nothing of him to him', () => {
  const of = (first: number): Said[] =>
    Array.from({ length: 8 }, (_, i) => ({ source: `s${first + i}`, key: i < 5 ? 'a' : 'b' }));
  const voter = new Voter();
  for (let first = 0; first < SOURCES_MAX; first += 8)
    for (let turn = 0; turn < (first === 16 ? 2 : 5); turn += 1) voter.learn(of(first));
  const [gone] = of(16);
  voter.learn(of(SOURCES_MAX));
  const { sources, pairs } = voter.state();
  expect(sources).toHaveLength(SOURCES_MAX);
  expect(voter.knows(gone?.source ?? '')).toBe(false);
  expect([0, 8, 24, SOURCES_MAX].every((first) => voter.knows(`s${first}`))).toBe(true);
  // Row by row: the first of the new ones stands where the first of the gone ones stood, and has met nobody but its like.
  const at = (i: number, j: number): number => pairs.both[(i * (i + 1)) / 2 + j] ?? 0;
  expect([at(16, 0), at(17, 16), at(24, 16)]).toEqual([0, 1, 0]);
  const copy = new Voter();
  copy.merge(voter.state());
  expect(copy.state()).toEqual(voter.state());
});

test('lets the kind of task with the fewest labels make room for a new one', () => {
  const voter = new Voter();
  const said = ['a', 'b'].map((key, i) => ({ source: `s${i}`, key }));
  for (let i = 0; i < CLUSTERS_MAX; i += 1)
    for (let turn = 0; turn < (i === 7 ? 1 : 2); turn += 1) voter.feedback(said, { kind: 'key', key: 'a' }, `c${i}`);
  voter.feedback(said, { kind: 'key', key: 'b' }, 'new');
  const ids = voter.state().clusters.map(({ id }) => id);
  expect(ids).toHaveLength(CLUSTERS_MAX);
  expect([ids.includes('c7'), ids.includes('new'), ids.includes('c0')]).toEqual([false, true, true]);
});
