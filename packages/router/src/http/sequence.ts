import type { Bytes } from '../relay/types.ts';

/** Digits of any number of events that fits into a stream, and white space. */
const VALUE_CHARS_MAX = 32;

/**
 * The number that the last event of a chunk has in `field`; undefined when it has none. Looked for in the text, because
 * events that are relayed as they came are not read again. Within a text of an event the quotes would be escaped.
 */
export function lastSequence(chunk: Bytes, field: string): number | undefined {
  const key = `"${field}"`;
  const bytes =
    typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
  for (let at = bytes.lastIndexOf(key); at >= 0; at = at === 0 ? -1 : bytes.lastIndexOf(key, at - 1)) {
    const from = at + key.length;
    const value = bytes.toString('latin1', from, from + VALUE_CHARS_MAX);
    const digits = /^\s*:\s*(\d{1,15})/.exec(value)?.[1];
    if (digits !== undefined) return Number(digits);
  }
  return undefined;
}
