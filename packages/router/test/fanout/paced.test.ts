import type { Clock, Timers } from '@atp-router/kernel';
import { expect, test } from 'vitest';
import { Paced } from '../../src/fanout/paced.ts';

/** A clock that moves while something is done, and timers that ring when the test says so. */
class HandTime implements Clock, Timers {
  #now_ms = 0;
  readonly #set: (() => void)[] = [];
  now_ms: () => number = () => this.#now_ms;
  mono_ms: () => number = () => this.#now_ms;
  after(_delay_ms: number, run: () => void): { cancel(): void } {
    this.#set.push(run);
    return { cancel: () => undefined };
  }
  take(ms: number): void {
    this.#now_ms += ms;
  }
  /** False when nothing is due. */
  ring(): boolean {
    const run = this.#set.shift();
    run?.();
    return run !== undefined;
  }
}

function paced(): { time: HandTime; pace: Paced; done: string[]; task: (name: string, takes_ms: number) => void } {
  const time = new HandTime();
  const pace = new Paced(time, time, (run) => run());
  const done: string[] = [];
  const task = (name: string, takes_ms: number): void =>
    pace.do(() => {
      time.take(takes_ms);
      done.push(name);
    });
  return { time, pace, done, task };
}

test('what is short is done at once', () => {
  const { done, task, time } = paced();
  for (const name of ['a', 'b', 'c']) task(name, 1);
  expect(done).toEqual(['a', 'b', 'c']);
  expect(time.ring()).toBe(false);
});

test('after something long others have their turn, and the order stays', () => {
  const { done, task, time } = paced();
  task('a', 50);
  task('b', 1);
  task('c', 50);
  task('d', 1);
  expect(done).toEqual(['a']);
  expect(time.ring()).toBe(true);
  expect(done).toEqual(['a', 'b', 'c']);
  expect(time.ring()).toBe(true);
  expect(done).toEqual(['a', 'b', 'c', 'd']);
  task('e', 1);
  expect(done.at(-1)).toBe('e');
});

test('nothing that waits is done once it is stopped', () => {
  const { done, task, time, pace } = paced();
  task('a', 50);
  task('b', 1);
  pace.stop();
  while (time.ring());
  expect(done).toEqual(['a']);
});
