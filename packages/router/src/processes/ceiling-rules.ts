import type { CeilingReason } from '../engine/ceilings.ts';

/** How several processes have the ceilings of one reason in common. */
interface CeilingRule {
  /** How the owner makes one of what its workers tell of an account; null: they tell nothing of it. */
  readonly together: 'sum' | 'least' | null;
  /** Workers do as their owner says. What they then have is not their own, and is not told back. */
  readonly is_followed: boolean;
  /** Whoever holds the limits on another machine is told what workers of this one tell. */
  readonly is_told_far: boolean;
}

/** Of each reason: a new one does not compile until it is said here. */
const RULES: Readonly<Record<CeilingReason, CeilingRule>> = {
  // Workers send what came back, and whoever holds the limits makes windows of it.
  answers: { together: null, is_followed: true, is_told_far: false },
  // What agents bear adds up over the workers that they are connected to (`OwnCapacity`). It is each machine's own: those of
  // another one cannot be reached from here.
  agents: { together: 'sum', is_followed: true, is_told_far: false },
  // Each worker knows those of its own calls, and the owner of all: the strictest counts.
  estimates: { together: 'least', is_followed: false, is_told_far: true },
};

export function isCeilingReason(reason: string): reason is CeilingReason {
  return Object.hasOwn(RULES, reason);
}

/** Of all that workers tell; undefined where they tell nothing. `Infinity`: none. */
export function togetherOf(reason: CeilingReason, calls: readonly number[]): number | undefined {
  const { together } = RULES[reason];
  if (together === null) return undefined;
  if (calls.length === 0) return Number.POSITIVE_INFINITY;
  return together === 'sum' ? calls.reduce((sum, one) => sum + one, 0) : Math.min(...calls);
}

/** A worker does as its owner says. */
export function isFollowed(reason: string): reason is CeilingReason {
  return isCeilingReason(reason) && RULES[reason].is_followed;
}

/** A worker tells its owner of a ceiling that has come about here. */
export function isTold(reason: CeilingReason): boolean {
  return RULES[reason].together !== null && !RULES[reason].is_followed;
}

export function isToldFar(reason: string): boolean {
  return isCeilingReason(reason) && RULES[reason].is_told_far;
}
