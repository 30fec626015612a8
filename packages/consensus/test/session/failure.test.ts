import { describe, expect, test } from 'vitest';
import { failureOf } from '../../src/session/failure.ts';
import { Lane } from '../../src/session/lane.ts';
import { viewOf } from '../strategies/scenes.ts';
import { sceneOf } from '../strategies/say.ts';

const read = () => ({ key: 'k', findings: undefined, confidence: undefined, tests_failed: undefined });

/** Lanes of which each has come to its own end. */
function lanesOf(...ends: ((lane: Lane) => void)[]): readonly Lane[] {
  const { members } = viewOf(sceneOf(ends.map(() => 'A')), 0).plan;
  return ends.map((end, i) => {
    const member = members[i];
    if (member === undefined) throw new Error('there is no such member');
    const lane = new Lane(i, { ...member, source: `m${i}` }, 8);
    lane.admitted();
    end(lane);
    return lane;
  });
}

const fails =
  (code: 'upstream_error' | 'upstream_timeout', message: string) =>
  (lane: Lane): void =>
    lane.failed({ code, message });
const answers = (lane: Lane): void => {
  lane.final(0, false);
  lane.complete(read);
};

describe('why there is no result', () => {
  test('is told of each lane, once of those that say the same', () => {
    const same = fails('upstream_error', 'Provider "up" is down.');
    const lanes = lanesOf(same, fails('upstream_timeout', 'It took\n too long.'), same, answers);
    expect(failureOf(lanes, 'no lane has given an answer', false)).toEqual({
      code: 'consensus_failed',
      message:
        'The lanes came to no result: no lane has given an answer. lanes 0 (m0), 2 (m2): upstream_error, Provider "up" is down; lane 1 (m1): upstream_timeout, It took too long; lane 3 (m3): answered.',
    });
  });

  test('has the code that all share, with the reason of each', () => {
    const lanes = lanesOf(fails('upstream_error', 'one'), fails('upstream_error', 'two'));
    expect(failureOf(lanes, 'x', false)).toEqual({
      code: 'upstream_error',
      message: 'All 2 lanes failed: lane 0 (m0): upstream_error, one; lane 1 (m1): upstream_error, two.',
    });
    expect(failureOf(lanesOf(fails('upstream_error', 'one')), 'x', false).message).toBe('one');
  });

  test('says who was stopped when the time was up', () => {
    const stopped = (lane: Lane): void => lane.cancelled('deadline', true);
    expect(failureOf(lanesOf(stopped, fails('upstream_error', 'no')), 'x', true)).toEqual({
      code: 'deadline_exceeded',
      message:
        'No lane has said anything within the time of the policy: lane 0 (m0): stopped (deadline); lane 1 (m1): upstream_error, no.',
    });
  });

  test('is bounded, however many lanes there are and whatever they say', () => {
    const long = (i: number) => fails('upstream_error', `${i} ${'word '.repeat(2_000)}`);
    const each = failureOf(lanesOf(answers, ...Array.from({ length: 63 }, (_, i) => long(i))), 'x', false).message;
    expect(each.length).toBeLessThan(3_000);
    expect(each).toContain('; and 56 other reasons.');
    const same = failureOf(lanesOf(answers, ...Array.from({ length: 63 }, () => long(1))), 'x', false).message;
    expect(same).toMatch(/lanes 1 \(m1\), .*, 8 \(m8\) and 55 more: upstream_error, /);
    expect(same.length).toBeLessThan(600);
  });
});
