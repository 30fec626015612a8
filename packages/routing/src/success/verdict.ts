import { type CheckKind, CHECK_KINDS } from './check.ts';

/** What one check has said. */
export interface CheckSaid {
  readonly kind: CheckKind;
  readonly score: number;
  readonly weight: number;
}

/** What several checks come to. */
export interface CheckVerdict {
  /** How right the answer can be, 0 to 1. */
  readonly right: number;
  /** How much that counts, above 0 and below 1. */
  readonly weight: number;
  /** Those who have said so, each once, in the order of `CHECK_KINDS`. */
  readonly by: readonly CheckKind[];
}

/**
 * An answer is no better than the worst that is said of it. It counts by the heaviest of those that say that: that several have nothing
 * against an answer is no more of a reason to take it for right. Undefined: nobody says anything.
 */
export function verdictOf(said: readonly CheckSaid[]): CheckVerdict | undefined {
  const counted = said.filter(({ weight }) => weight > 0);
  if (counted.length === 0) return undefined;
  const right = Math.min(...counted.map(({ score }) => score));
  const worst = counted.filter(({ score }) => score === right);
  const by = CHECK_KINDS.filter((kind) => worst.some((one) => one.kind === kind));
  return { right, weight: Math.max(...worst.map(({ weight }) => weight)), by };
}
