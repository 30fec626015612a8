import { randomBytes } from 'node:crypto';
import { type Clock, type Rng, seededRng, type Timer, type Timers } from '@atp-router/kernel';

/** The real clock. */
export const systemClock: Clock = {
  now_ms: () => Date.now(),
  mono_ms: () => performance.now(),
};

/** Longest delay of a timer of Node: one that is longer runs at once. */
const LONGEST_MS = 2_147_483_647;

/** Real timers, of any length; they never keep the process alive by themselves. */
export const systemTimers: Timers = {
  after(delay_ms: number, run: () => void): Timer {
    let handle: NodeJS.Timeout;
    const arm = (left_ms: number): void => {
      const now_ms = Math.min(left_ms, LONGEST_MS);
      handle = setTimeout(() => (left_ms > now_ms ? arm(left_ms - now_ms) : run()), now_ms);
      handle.unref();
    };
    arm(delay_ms);
    return { cancel: () => clearTimeout(handle) };
  },
};

/**
 * Keeps the process alive until the result is called: timers do not, so a program that waits for one of them alone would
 * end in the middle.
 */
export function holdProcess(): () => void {
  const handle = setInterval(() => undefined, LONGEST_MS);
  return () => clearInterval(handle);
}

/** Randomness for jitter and identifiers, seeded once from the operating system. Not for secrets. */
export function systemRng(): Rng {
  return seededRng(randomBytes(4).readInt32LE(0));
}
