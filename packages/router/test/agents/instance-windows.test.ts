import { DEFAULT_AIMD, type AimdOptions, type AimdTrouble } from '@atp-router/flow';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InstanceWindows } from '../../src/atp/agents/instance-windows.ts';
import { ManualTime } from '../shared/support/time.ts';

/** Windows of agents whose time stands until it is moved, and what they tell. */
class World {
  readonly time: ManualTime = new ManualTime(0);
  readonly narrowed: AimdTrouble[] = [];
  /** When there was room again, and how much. */
  readonly rooms: (readonly [at_ms: number, free: number])[] = [];
  options: AimdOptions | undefined = DEFAULT_AIMD;
  session_room = 1_000;
  readonly it: InstanceWindows = new InstanceWindows({
    clock: this.time,
    timers: this.time,
    aimd: () => this.options,
    onNarrowed: (trouble) => this.narrowed.push(trouble),
    onRoom: (id) => {
      this.rooms.push([this.time.mono_ms(), this.it.free(id)]);
      this.it.watch(id, this.session_room);
    },
  });

  begin(n: number): void {
    for (let i = 0; i < n; i += 1) this.it.began('a');
    this.it.watch('a', this.session_room);
  }
}

describe('the window of an agent', () => {
  test('is as wide as its session until trouble halves it, once in the time for that, and is opened by timely answers', () => {
    const world = new World();
    const { it, time } = world;
    it.know('a', Infinity, 4);
    expect([it.window('a'), it.free('a')]).toEqual([undefined, Infinity]);
    for (let i = 0; i < 4; i += 1) it.began('a');
    it.ended('a', 'timeout');
    it.ended('a', 'ecn');
    expect([it.window('a'), it.free('a'), world.narrowed]).toEqual([2, 0, ['timeout']]);
    // In use it says that it is too narrow, otherwise nothing.
    time.advance(500);
    it.ended('a', 'timely');
    it.ended('a', 'timely');
    expect([it.window('a'), it.free('a')]).toEqual([2, 2]);
    for (const expected of [3, undefined]) {
      for (let i = 0; i < 20 && it.window('a') !== expected; i += 1) {
        const free = it.free('a');
        for (let k = 0; k < free; k += 1) it.began('a');
        for (let k = 0; k < free; k += 1) it.ended('a', k === 0 ? 'timely' : undefined);
        time.advance(500);
      }
      expect(it.window('a')).toBe(expected);
    }
  });

  test('is one at least; of agents that are gone, and without the factors for it, there is none', () => {
    const world = new World();
    const { it, time } = world;
    it.know('a', Infinity, 3);
    for (let i = 0; i < 5; i += 1) {
      it.signed('a', 'ecn');
      time.advance(500);
    }
    expect([it.window('a'), it.free('a')]).toEqual([1, 1]);
    world.options = undefined;
    it.refresh();
    expect(it.window('a')).toBeUndefined();
    it.signed('a', 'ecn');
    expect(it.window('a')).toBeUndefined();
    world.options = DEFAULT_AIMD;
    it.refresh();
    it.signed('a', 'ecn');
    expect(it.window('a')).toBe(1);
    it.forget('a');
    it.signed('a', 'ecn');
    it.ended('a', 'timeout');
    it.began('a');
    it.watch('a', 10);
    expect([it.window('a'), it.free('a')]).toEqual([undefined, Infinity]);
  });
});

describe('the burst cap of an agent', () => {
  test('keeps further ones from beginning until there is room, which is told, and again as it doubles', () => {
    const world = new World();
    const { it, time } = world;
    it.know('a', 10, 1_000);
    world.begin(10);
    expect(it.free('a')).toBe(0);
    time.advance(5_000);
    expect(world.rooms).toEqual([
      ...[100, 200, 400, 800].map((at_ms) => [at_ms, at_ms / 100] as const),
      ...[[1_000, 10] as const],
    ]);
  });

  test('is told of only where nothing else keeps the agent from more', () => {
    const world = new World();
    const { it, time } = world;
    it.know('a', 2, 4);
    world.session_room = 2;
    world.begin(2);
    it.signed('a', 'timeout');
    it.watch('a', 2);
    // Its window is full, too: the bucket is not what it waits for.
    expect([it.window('a'), it.unused('a')]).toEqual([2, 0]);
    time.advance(10_000);
    expect(world.rooms).toEqual([]);
    world.begin(2);
    it.forget('a');
    time.advance(10_000);
    expect(world.rooms).toEqual([]);
  });

  test('tells of room as soon as there is any, whatever begins and ends meanwhile', () => {
    const step = fc.record({ do: fc.constantFrom('begin', 'end', 'wait'), n: fc.integer({ min: 1, max: 400 }) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.array(step, { maxLength: 40 }), (burst_per_s, steps) => {
        const world = new World();
        const { it, time } = world;
        let running = 0;
        it.know('a', burst_per_s, 1_000);
        for (const { do: what, n } of steps) {
          if (what === 'wait') time.advance(n);
          else if (what === 'begin' && it.free('a') > 0) {
            running += 1;
            world.begin(1);
          } else if (what === 'end' && running > 0) {
            running -= 1;
            it.ended('a', 'timely');
            it.watch('a', world.session_room);
          }
          if (it.free('a') > 0) continue;
          const before = world.rooms.length;
          time.advance(Math.ceil(1_000 / burst_per_s));
          expect(world.rooms.length).toBeGreaterThan(before);
          expect(it.free('a')).toBeGreaterThan(0);
        }
      }),
    );
  });
});
