/** A stream of uniform numbers in [0, 1). Injected so that every random choice replays from a seed. */
export interface Rng {
  next(): number;
}

/**
 * sfc32, a small fast counter generator (C. Doty-Humphrey, PractRand). Not for secrets.
 * Equal seeds give equal streams on every platform.
 */
export function seededRng(seed: number): Rng {
  let a = 0x9e3779b9 | 0;
  let b = 0x243f6a88 | 0;
  let c = seed | 0;
  let counter = 1;
  const next32 = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    c |= 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i += 1) next32();
  return { next: () => next32() / 4_294_967_296 };
}

/** Integer in [min, max], both included. */
export function randomInt(rng: Rng, min: number, max: number): number {
  return min + Math.floor(rng.next() * (max - min + 1));
}

/** Standard normal sample (Box, Muller 1958). */
export function normal(rng: Rng): number {
  return Math.sqrt(-2 * Math.log(1 - rng.next())) * Math.cos(2 * Math.PI * rng.next());
}

/** Log-normal sample given by its median and 95th percentile (the usual shape of latencies and lengths). */
export function logNormal(rng: Rng, p50: number, p95: number): number {
  const z95 = 1.6448536269514722;
  const sigma = p95 > p50 ? Math.log(p95 / p50) / z95 : 0;
  return p50 * Math.exp(sigma * normal(rng));
}
