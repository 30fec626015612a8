import { Check } from '../check/check.ts';
import { checkFrame } from '../check/frame.ts';
import type { Frame } from '../frame.ts';
import { FrameError } from '../frame-error.ts';
import { WIRE_LIMITS, type WireLimits } from '../limits.ts';
import { BYTES_MARK } from '../value.ts';
import { toBase64Url } from './base64url.ts';
import { utf8Length } from './decode.ts';
import { MARK_OPENING } from './lift.ts';

/**
 * Writes one frame as JSON text, members in the order in which they are in memory. Refuses with `FrameError` what no
 * reader would take: whatever breaks a rule of the fields, cannot be carried, or is larger than the limit.
 */
export function encodeJson(frame: Frame, limits: WireLimits = WIRE_LIMITS): string {
  const checked = checkFrame(new Check('given', limits), frame);
  const text = jsonText(checked);
  if (text.length > limits.frame_bytes) throw new FrameError('too_large');
  if (text.length * 3 > limits.frame_bytes && utf8Length(text, limits.frame_bytes) > limits.frame_bytes) {
    throw new FrameError('too_large');
  }
  return text;
}

/** Below, its digits are looked through sooner than they are written in. */
const LONG_BYTES = 192;
/** A mark before its bytes are written in. As text it stands nowhere else: quotes within a text have backslashes. */
const EMPTY_MARK: Readonly<Record<string, string>> = { [BYTES_MARK]: '' };
const EMPTY_TEXT = JSON.stringify(EMPTY_MARK);

/**
 * The JSON text of a value that has been checked. Digits are written into the text when it is there: they need no escapes,
 * and `JSON.stringify`, which would look for some, takes about as long for that as it takes to make the digits.
 */
export function jsonText(value: unknown): string {
  const found: Uint8Array[] = [];
  const text = JSON.stringify(
    marked(value, (bytes) => {
      if (bytes.length > 0 && bytes.length < LONG_BYTES) return markOf(bytes);
      found.push(bytes);
      return EMPTY_MARK;
    }),
  );
  return found.length === 0 ? text : filled(text, found);
}

function filled(text: string, found: readonly Uint8Array[]): string {
  const [first = '', ...others] = text.split(EMPTY_TEXT);
  // An array with a `toJSON` of its own can write more marks than it holds, or fewer.
  if (others.length !== found.length) throw new FrameError('type');
  const parts = [first];
  for (const [i, bytes] of found.entries()) parts.push(MARK_OPENING, toBase64Url(bytes), '"}', others[i] ?? '');
  return parts.join('');
}

/**
 * The value with bytes replaced by their marks. What holds none is returned as it is, so that a frame without bytes is
 * not copied at all. The value has been checked, which bounds the recursion.
 */
export function marked(value: unknown, mark: (bytes: Uint8Array) => object = markOf): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return mark(value);
  return Array.isArray(value) ? markedList(value, mark) : markedObject(value as Record<string, unknown>, mark);
}

function markOf(bytes: Uint8Array): object {
  return { [BYTES_MARK]: toBase64Url(bytes) };
}

function markedList(list: readonly unknown[], mark: (bytes: Uint8Array) => object): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let i = 0; i < list.length; i += 1) {
    const member = list[i];
    const written = marked(member, mark);
    if (written === member) continue;
    copy ??= [...list];
    copy[i] = written;
  }
  return copy ?? list;
}

function markedObject(object: Record<string, unknown>, mark: (bytes: Uint8Array) => object): Record<string, unknown> {
  let copy: Record<string, unknown> | undefined;
  for (const name in object) {
    const member = object[name];
    if (typeof member !== 'object' || member === null) continue;
    const written = marked(member, mark);
    if (written === member) continue;
    // A spread keeps a member named `__proto__` a member; so does assigning to one that is there.
    copy ??= { ...object };
    copy[name] = written;
  }
  return copy ?? object;
}
