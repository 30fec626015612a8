import type { Clock } from '@atp-router/kernel';

/** One requirement of an interface, to be run against an implementation by any test runner: it throws when not met. */
export interface SuiteCase {
  readonly name: string;
  run(): Promise<void>;
}

/** A clock that stands until it is moved. */
export interface ManualClock extends Clock {
  advance(by_ms: number): void;
}

export function manualClock(now_ms: number = 1_790_000_000_000): ManualClock {
  let now = now_ms;
  return {
    now_ms: () => now,
    mono_ms: () => now,
    advance(by_ms) {
      now += by_ms;
    },
  };
}

/** Makes an empty implementation that looks at the clock. Each case asks for its own. */
export type MakeStore<T> = (clock: Clock) => Promise<T>;
