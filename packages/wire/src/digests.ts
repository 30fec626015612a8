/** The two hash functions of the protocol, handed in by whoever has them in native code. `pureDigests` needs nothing. */
export interface Digests {
  sha256(bytes: Uint8Array): Uint8Array;
  hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array;
}

const BLOCK = 64;

/**
 * Both functions from the first: HMAC (RFC 2104) is two hashes. For short input that is several times faster than the
 * `createHmac` of Node, when `sha256` is its one-shot `hash`.
 */
export function digestsFrom(sha256: Digests['sha256']): Digests {
  const hmacSha256 = (key: Uint8Array, bytes: Uint8Array): Uint8Array => {
    const short = key.length > BLOCK ? sha256(key) : key;
    const inner = new Uint8Array(BLOCK + bytes.length);
    const outer = new Uint8Array(BLOCK + 32);
    for (let i = 0; i < BLOCK; i += 1) {
      inner[i] = (short[i] ?? 0) ^ 0x36;
      outer[i] = (short[i] ?? 0) ^ 0x5c;
    }
    inner.set(bytes, BLOCK);
    outer.set(sha256(inner), BLOCK);
    return sha256(outer);
  };
  return { sha256, hmacSha256 };
}

/** Compares in time that depends on the lengths only. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  let difference = left.length ^ right.length;
  for (let i = 0; i < left.length && i < right.length; i += 1) difference |= (left[i] as number) ^ (right[i] as number);
  return difference === 0;
}
