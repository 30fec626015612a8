import type { DataSealer } from '../secrets/index.ts';

const UTF8 = new TextEncoder();

/** Seals an item together with its place: who can write where it is kept can neither read it nor put it elsewhere. */
export function sealAt(sealer: DataSealer, place: string, value: Uint8Array): string {
  return sealer.seal(placed(place, value));
}

/** Throws when it was sealed with another key, or for another place. */
export function openAt(sealer: DataSealer, place: string, sealed: string): Uint8Array {
  const plain = sealer.open(sealed);
  const bytes = placed(place, new Uint8Array());
  if (Buffer.compare(bytes, plain.subarray(0, bytes.length)) !== 0) throw new Error('the item was moved');
  return plain.subarray(bytes.length);
}

/** With the length of the place in front: no other place begins with these bytes. */
function placed(place: string, value: Uint8Array): Uint8Array {
  const text = UTF8.encode(place);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, value]);
}
