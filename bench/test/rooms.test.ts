import { describe, expect, it } from 'vitest';
import { FLOW_SHELL, IDLE, OTHER, timeByRoom } from '../src/rooms/profile.ts';

const at = (functionName: string, path = '') => ({
  functionName,
  url: path === '' ? '' : `file:///repo/packages/${path}`,
});

describe('time by room', () => {
  it('counts a sample for the innermost frame that is of a room, and libraries for the room that called them', () => {
    const profile = {
      nodes: [
        { id: 1, callFrame: at('(root)'), children: [2, 3, 7] },
        { id: 2, callFrame: at('(idle)') },
        { id: 3, callFrame: at('run', 'flow/src/scheduler/scheduler.ts'), children: [4, 5] },
        { id: 4, callFrame: at('decided', 'router/src/engine/dispatcher.ts'), children: [6] },
        { id: 5, callFrame: { functionName: 'set', url: 'node:internal/util' } },
        { id: 6, callFrame: at('settle', 'router/src/engine/funds.ts') },
        { id: 7, callFrame: { functionName: 'poll', url: 'node:net' } },
      ],
      samples: [2, 3, 4, 5, 6, 7, 4],
      timeDeltas: [100, 1, 2, 4, 8, 16, 32],
    };
    expect(Object.fromEntries(timeByRoom(profile))).toEqual({
      [IDLE]: 100,
      flow: 5,
      router: 34,
      [FLOW_SHELL]: 8,
      [OTHER]: 16,
    });
  });
});
