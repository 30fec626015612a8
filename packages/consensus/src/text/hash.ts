/** Two multiply-and-xor rounds per UTF-16 unit, mixed at the end (after MurmurHash3, A. Appleby). Not for secrets. */
function halves(text: string): readonly [number, number] {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    b = Math.imul(b ^ unit, 0x5f356495);
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35);
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  return [a >>> 0, b >>> 0];
}

/** 64 bits of a text as 16 hexadecimal digits, the same on every machine. Whoever wants two texts to collide can have it. */
export function hash64(text: string): string {
  return halves(text)
    .map((half) => half.toString(16).padStart(8, '0'))
    .join('');
}

/**
 * 32 bits of a part of a text: FNV-1a (Fowler, Noll, Vo) over its UTF-16 units, the lower byte of each first, with the last
 * mixing of MurmurHash3. Other seeds give other hashes.
 */
export function hash32(text: string, seed: number = 0, from: number = 0, to: number = text.length): number {
  let hash = Math.imul(0x811c9dc5 ^ seed, 0x01000193);
  for (let i = from; i < to; i += 1) {
    const unit = text.charCodeAt(i);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
