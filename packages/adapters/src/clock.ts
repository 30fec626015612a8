import { randomBytes } from 'node:crypto';
import { type Clock, type Rng, seededRng, type Timer, type Timers } from '@atp-router/kernel';

/** The real clock. */
export const systemClock: Clock = {
  now_ms: () => Date.now(),
  mono_ms: () => performance.now(),
};

/** Real timers; they never keep the process alive by themselves. */
export const systemTimers: Timers = {
  after(delay_ms: number, run: () => void): Timer {
    const handle = setTimeout(run, delay_ms);
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Longest delay of a timer of Node. */
const LONGEST_MS = 2_147_483_647;

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
