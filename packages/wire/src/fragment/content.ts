import { canonicalCbor } from '../canonical/cbor.ts';
import { digestText } from '../checksum.ts';
import type { Digests } from '../digests.ts';
import type { WireValue } from '../value.ts';
import { leafDigest } from './merkle.ts';

const UTF8 = new TextEncoder();

/** The bytes that stand for a content: its own, those of a text in UTF-8, else its canonical CBOR. */
export function contentBytes(content: WireValue): Uint8Array {
  if (content instanceof Uint8Array) return content;
  return typeof content === 'string' ? UTF8.encode(content) : canonicalCbor(content);
}

/**
 * `payload.checksum` of a content: its leaf digest, as if it were the only fragment of its message. Throws `FrameError`
 * for a content that cannot be carried.
 */
export function contentDigest(content: WireValue, digests: Digests): string {
  return digestText(leafDigest(contentBytes(content), digests));
}
