import type { CeilingReason } from '../engine/ceilings.ts';

/** How several processes have the ceilings of one reason in common. */
interface CeilingRule {
  /** How the owner makes one of what its workers tell of an account; null: they tell nothing of it. */
  readonly together: 'sum' | 'least' | null;
  /** Workers do as their owner says. What they then have is not their own, and is not told back. */
  readonly is_followed: boolean;
  /** Whoever holds the limits on another machine is told what workers of this one tell. */
  readonly is_told_far: boolean;
  /** What that one says of it counts here: alone, where nothing is told here, or not at all. */
  readonly leader: 'alone' | 'without_own' | 'never';
}

/** Of each reason: a new one does not compile until it is said here. */
const RULES: Readonly<Record<CeilingReason, CeilingRule>> = {
  // Workers send what came back, and whoever holds the limits makes windows of it.
  answers: { together: null, is_followed: true, is_told_far: false, leader: 'alone' },
  // What agents bear adds up over the workers that they are connected to (`OwnCapacity`). It is each machine's own: those of
  // another one cannot be reached from here.
  agents: { together: 'sum', is_followed: true, is_told_far: false, leader: 'without_own' },
  // Each worker knows those of its own calls, and the owner of all: the strictest counts. Each machine knows of its own.
  estimates: { together: 'least', is_followed: false, is_told_far: true, leader: 'never' },
};

export function isCeilingReason(reason: unknown): reason is CeilingReason {
  return typeof reason === 'string' && Object.hasOwn(RULES, reason);
}

/**
 * One ceiling of what `own` workers tell of an account and of what whoever holds the limits on another machine says; `Infinity`:
 * none.
 */
export function togetherOf(reason: CeilingReason, own: readonly number[], leader: number | undefined): number {
  const { together, leader: counts } = RULES[reason];
  const is_counted = counts === 'alone' || (counts === 'without_own' && own.length === 0);
  if (is_counted) return leader ?? Number.POSITIVE_INFINITY;
  if (own.length === 0 || together === null) return Number.POSITIVE_INFINITY;
  return together === 'sum' ? own.reduce((sum, one) => sum + one, 0) : Math.min(...own);
}

/** A worker does as its owner says. */
export function isFollowed(reason: string): reason is CeilingReason {
  return isCeilingReason(reason) && RULES[reason].is_followed;
}

/** A worker tells its owner of a ceiling that has come about there. */
export function isTold(reason: CeilingReason): boolean {
  return RULES[reason].together !== null && !RULES[reason].is_followed;
}

/** An owner counts what its workers tell of it. */
export function isHeard(reason: string): boolean {
  return isCeilingReason(reason) && RULES[reason].together !== null;
}

export function isToldFar(reason: string): boolean {
  return isCeilingReason(reason) && RULES[reason].is_told_far;
}

/** Whoever holds the limits tells the owners of other machines of it. */
export function isAnnounced(reason: string): boolean {
  return isCeilingReason(reason) && RULES[reason].leader !== 'never';
}
