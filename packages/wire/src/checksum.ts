const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Bytes of a SHA-256 as the protocol writes them: `sha256:` and 64 lower-case hex digits. */
export function digestText(digest: Uint8Array): string {
  let text = 'sha256:';
  for (const byte of digest) text += HEX[byte];
  return text;
}

/** The bytes of a text that `digestText` made, or that has been checked to look so. */
export function digestBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(32);
  for (let i = 0; i < 32; i += 1) bytes[i] = Number.parseInt(text.slice(7 + i * 2, 9 + i * 2), 16);
  return bytes;
}
