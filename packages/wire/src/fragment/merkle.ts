import type { Digests } from '../digests.ts';

// A Merkle tree as RFC 6962 §2.1 has it: leaves and nodes are hashed with different first bytes, so that no inner node can
// be passed off as a fragment.
const LEAF = 0x00;
const NODE = 0x01;

/** The digest of one fragment: SHA-256 of a zero byte and the fragment's bytes. */
export function leafDigest(bytes: Uint8Array, digests: Digests): Uint8Array {
  const input = new Uint8Array(1 + bytes.length);
  input[0] = LEAF;
  input.set(bytes, 1);
  return digests.sha256(input);
}

/** The root over at least one leaf. With one leaf it is the leaf. */
export function merkleRoot(leaves: readonly Uint8Array[], digests: Digests): Uint8Array {
  let level = leaves;
  // Pairing neighbours and carrying an odd last one up gives the tree that the RFC splits at powers of two.
  while (level.length > 1) {
    const next: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i] as Uint8Array;
      const right = level[i + 1];
      next.push(right === undefined ? left : nodeDigest(left, right, digests));
    }
    level = next;
  }
  return level[0] ?? digests.sha256(new Uint8Array(0));
}

function nodeDigest(left: Uint8Array, right: Uint8Array, digests: Digests): Uint8Array {
  const input = new Uint8Array(1 + left.length + right.length);
  input[0] = NODE;
  input.set(left, 1);
  input.set(right, 1 + left.length);
  return digests.sha256(input);
}

/**
 * Which fragments differ, by their digests at the sender and at the receiver: the sender's answer to a receiver whose root
 * came out wrong although each fragment fitted its own digest. Indexes that only one side has count as different.
 */
export function differingLeaves(sent: readonly string[], received: readonly string[]): readonly number[] {
  const length = Math.max(sent.length, received.length);
  return Array.from({ length }, (_, i) => i).filter((i) => sent[i] !== received[i]);
}
