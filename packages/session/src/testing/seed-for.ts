/** A seed for one purpose, from the seed of the history: what one part draws does not move what another one draws. */
export function seedFor(seed: number, purpose: string): number {
  let mixed = seed | 0;
  for (const letter of purpose) mixed = Math.imul(mixed ^ (letter.codePointAt(0) ?? 0), 0x01000193) ^ (mixed >>> 15);
  return mixed;
}
