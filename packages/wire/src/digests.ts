/** The two hash functions of the protocol, handed in by whoever has them in native code. `pureDigests` needs nothing. */
export interface Digests {
  sha256(bytes: Uint8Array): Uint8Array;
  hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array;
}

/** Compares in time that depends on the lengths only. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  let difference = left.length ^ right.length;
  for (let i = 0; i < left.length && i < right.length; i += 1) difference |= (left[i] as number) ^ (right[i] as number);
  return difference === 0;
}
