import { BYTES_MARK } from '../value.ts';
import { fromBase64Url } from './base64url.ts';

/** The bytes of a text, taken out before it is parsed: its one mark is empty in `text`. */
export interface Lifted {
  readonly text: string;
  readonly bytes: Uint8Array;
}

/** The mark as it is written, up to its digits. */
export const MARK_OPENING: string = `{"${BYTES_MARK}":"`;
/** Below, the parser copies the digits sooner than they are found: some 200 bytes. */
const LONG_CHARS = 256;

/**
 * Most of a frame that carries bytes is one long text of digits. The parser would look for its end, copy it and hand it
 * over to be read once more; so it is cut out first. `undefined` where that is not known to lead to the same frame, or not
 * worth it: the whole text is parsed then, and judged as ever.
 *
 * It is the same frame, as: quotes in JSON text that is free of backslashes always begin or end a text. A mark between `{"`
 * and `":"` is therefore the name of a member and its value follows, or else the text is no JSON, with digits or without.
 * And as no other mark is in the text and no escape can hide one, an object with this name is the one that was emptied.
 */
export function liftBytes(text: string): Lifted | undefined {
  const mark = text.indexOf(BYTES_MARK);
  const from = mark - 2 + MARK_OPENING.length;
  const to = text.indexOf('"', from);
  if (to - from < LONG_CHARS || !text.startsWith(MARK_OPENING, mark - 2)) return undefined;
  const rest = text.slice(0, from) + text.slice(to);
  if (rest.includes('\\') || rest.includes(BYTES_MARK, from)) return undefined;
  const bytes = fromBase64Url(text.slice(from, to));
  return bytes === undefined ? undefined : { text: rest, bytes };
}
