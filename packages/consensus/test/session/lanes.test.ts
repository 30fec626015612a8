import { describe, expect, test } from 'vitest';
import { Lanes } from '../../src/session/lanes.ts';
import { viewOf } from '../strategies/scenes.ts';
import { sceneOf } from '../strategies/say.ts';

describe('lanes that are stopped', () => {
  test('are told apart by whether they had begun', () => {
    const { members } = viewOf(sceneOf(['A', 'B', 'C', 'D', 'E']), 0).plan;
    const lanes = new Lanes(members, 8);
    lanes.next(2);
    expect(lanes.stop('deadline').map(({ lane }) => lane)).toEqual([0, 1]);
    const began = { kind: 'cancelled', reason: 'deadline' };
    const not = { ...began, never_began: true };
    expect(lanes.all.map(({ phase }) => phase)).toEqual([began, began, not, not, not]);
  });
});
