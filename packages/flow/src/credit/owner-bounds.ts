import { dayNumber } from '../days.ts';
import type { Now } from '../scheduler/changes.ts';
import type { CreditOptions } from './options.ts';
import type { Hello } from './owner-worker.ts';

/** Beside the slots that it asks for, a worker may name as many that it inherited of each of two days, and of a third. */
export const SLOTS_OF_A_WORKER = 4;

/** Days that a worker may speak of which the owner has not heard of there: a clock that is wrong turns no account's days. */
export const DAYS_NEAR = 3;

export function isNear(day: number, days: number, { now_ms }: Now): boolean {
  return Math.abs(day - dayNumber(now_ms)) <= days;
}

/** More than a worker with these options can have. It is not served, as one too many is not, and refuses by itself. */
export function isTooMuch({ slots, wants, recovered }: Hello, most: CreditOptions): boolean {
  return (
    slots.length > SLOTS_OF_A_WORKER * most.slots || wants.length > most.wants || recovered.length > most.recovered
  );
}
