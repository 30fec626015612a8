import { type Rng, randomInt } from '@atp-router/kernel';
import { sampleBytes } from './sample.ts';

/** The input with one bit changed. */
export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = bytes.slice();
  flipped[bit >>> 3] = (flipped[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}

/** The input as a broken line, a bug or an attacker may leave it: one change of any kind, now and then up to four. */
export function mutated(rng: Rng, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  let result = bytes;
  for (let left = rng.next() < 0.6 ? 1 : randomInt(rng, 2, 4); left > 0; left -= 1)
    result = mutatedOnce(rng, result, other);
  return result;
}

function mutatedOnce(rng: Rng, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  const at = randomInt(rng, 0, bytes.length);
  const to = Math.min(bytes.length, at + randomInt(rng, 0, 16));
  const from = randomInt(rng, 0, other.length);
  switch (randomInt(rng, 0, 6)) {
    case 0:
      return bytes.length === 0 ? bytes : flipBit(bytes, randomInt(rng, 0, bytes.length * 8 - 1));
    case 1:
      return bytes.slice(0, at);
    case 2:
      return joined(bytes.subarray(0, at), bytes.subarray(to));
    case 3:
      return joined(bytes.subarray(0, to), bytes.subarray(at));
    case 4:
      return joined(bytes.subarray(0, at), sampleBytes(rng, randomInt(rng, 1, 9)), bytes.subarray(to));
    case 5:
      return joined(bytes.subarray(0, at), other.subarray(from, from + 24), bytes.subarray(to));
    default:
      // Initial bytes of CBOR that announce a length, followed by a large one.
      return joined(bytes.subarray(0, at), Uint8Array.of(pickHead(rng), 0xff, 0xff, 0xff, 0xff), bytes.subarray(to));
  }
}

function pickHead(rng: Rng): number {
  return (randomInt(rng, 0, 7) << 5) | randomInt(rng, 24, 31);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
