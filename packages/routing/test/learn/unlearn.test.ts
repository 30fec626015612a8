import { Draw } from '@atp-router/kernel/testing';
import { expect, test } from 'vitest';
import { isLearnerState, type LearnerState, RouteLearner } from '../../src/index.ts';
import { expected, HERE, KINDS, type Played, playOne, teach } from './world.ts';

const LATER = { ...HERE, tick: 30 };

function kept(learner: RouteLearner): LearnerState {
  const state: unknown = JSON.parse(JSON.stringify(learner.state()));
  if (!isLearnerState(state)) throw new Error('a learner refuses its own state');
  return state;
}

/** Two learners that know the same, and tasks of which a judge is to say something. */
function pair(before: number): { readonly one: RouteLearner; readonly other: RouteLearner; readonly played: Played[] } {
  const [one, other] = [new RouteLearner(1), new RouteLearner(1)];
  const [draw, same] = [new Draw(3), new Draw(3)];
  teach(one, HERE, before, draw);
  teach(other, HERE, before, same);
  const played: Played[] = [];
  for (let n = 0; n < 10; n += 1) {
    const task = playOne(one, HERE, KINDS[n % KINDS.length] ?? 'sums', draw);
    playOne(other, HERE, KINDS[n % KINDS.length] ?? 'sums', same);
    for (const learner of [one, other]) learner.observe(task.record, HERE);
    played.push(task);
  }
  return { one, other, played };
}

test.each([0, 100])('what is taken back was never said, behind %i tasks', (before) => {
  const { one, other, played } = pair(before);
  for (const { record } of played) one.learn(record, 0.9, HERE, 0.5);
  for (const { record } of played) {
    one.unlearn(record, 0.9, HERE, 0.5);
    for (const learner of [one, other]) learner.learn(record, 0, HERE);
  }
  const [a, b] = [new RouteLearner(2), new RouteLearner(2)];
  a.restore(kept(one));
  b.restore(kept(other));
  const [seen, wanted] = [expected(a, HERE), expected(b, HERE)];
  for (const [i, value] of seen.entries()) expect(value).toBeCloseTo(wanted[i] ?? 0, 3);
});

test('also after it was kept, and when it counts less because it is old', () => {
  const { one, other, played } = pair(50);
  for (const { record } of played) one.learn(record, 1, HERE, 0.5);
  const again = new RouteLearner(1);
  again.restore(kept(one));
  const plain = new RouteLearner(1);
  plain.restore(kept(other));
  for (const learner of [again, plain]) for (const { record } of played) learner.observe(record, LATER);
  for (const { record } of played) again.unlearn(record, 1, HERE, 0.5);
  const [seen, wanted] = [expected(again, LATER), expected(plain, LATER)];
  for (const [i, value] of seen.entries()) expect(value).toBeCloseTo(wanted[i] ?? 0, 2);
  kept(again);
});

test('what is not there is not taken from', () => {
  const { other, played } = pair(0);
  for (const { record } of played) other.unlearn(record, 1, HERE, 0.5);
  kept(other);
  expect(() => other.unlearn((played[0] as Played).record, 2, HERE, 0.5)).toThrow(RangeError);
});
