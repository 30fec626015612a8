import type { Rng } from '@atp-router/kernel';

/** A place by chance, each as likely as its part of the sum. */
export function drawn(parts: readonly number[], rng: Rng): number {
  let left = rng.next() * parts.reduce((sum, part) => sum + part, 0);
  for (const [i, part] of parts.entries()) {
    left -= part;
    if (left <= 0) return i;
  }
  return 0;
}
