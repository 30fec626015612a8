import { Check } from '../check/check.ts';
import { checkFrame } from '../check/frame.ts';
import { checkFree } from '../check/free.ts';
import type { Frame } from '../frame.ts';
import { FrameError } from '../frame-error.ts';
import { WIRE_LIMITS, type WireLimits } from '../limits.ts';
import { BYTES_MARK, type WireValue } from '../value.ts';
import { liftBytes } from './lift.ts';

// A mark at the very start of the text would otherwise vanish unseen.
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** An escape that may stand for half a surrogate pair, or for a character of the bytes mark. */
const HIDING_ESCAPE = /\\u(?:[dD][89a-fA-F]|00[2-7])/;

/**
 * Reads one frame from JSON, as text or as its UTF-8 bytes. The parser is the engine's own; what it does not see (sizes,
 * numbers, half surrogate pairs, marks of bytes, every rule of the fields) is judged after it, or before it where that
 * bounds its work. Of a member that occurs twice the last counts, as `JSON.parse` has it. Throws `FrameError` only.
 */
export function decodeJson(input: string | Uint8Array, limits: WireLimits = WIRE_LIMITS): Frame {
  const text = typeof input === 'string' ? checkedText(input, limits.frame_bytes) : utf8Text(input, limits.frame_bytes);
  return read(text, limits, checkFrame);
}

/** Reads any value as it may stand in `payload.content`: what text fragments of form `json` add up to. */
export function parseWireValue(text: string, limits: WireLimits): WireValue {
  const checked = checkedText(text, limits.frame_bytes);
  return read(checked, limits, (check, value) => checkFree(check, value, 0, '') as WireValue);
}

function read<T>(text: string, limits: WireLimits, judge: (check: Check, value: unknown) => T): T {
  const origin = originOf(text);
  const lifted = origin === 'marked' ? liftBytes(text) : undefined;
  if (lifted === undefined) return judge(new Check(origin, limits), parse(text));
  return judge(new Check(origin, limits, lifted.bytes), parse(lifted.text));
}

function originOf(text: string): 'parsed' | 'marked' {
  // To look for one character is much cheaper than to look for more, and mostly enough.
  if (text.indexOf('$') >= 0 && text.includes(BYTES_MARK)) return 'marked';
  if (text.indexOf('\\') < 0) return 'parsed';
  return text.includes('\\u') && HIDING_ESCAPE.test(text) ? 'marked' : 'parsed';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What the engine says quotes the text, so it is not kept.
    throw new FrameError('syntax');
  }
}

function utf8Text(bytes: Uint8Array, limit: number): string {
  if (bytes.length > limit) throw new FrameError('too_large');
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new FrameError('utf8');
  }
}

function checkedText(text: string, limit: number): string {
  if (text.length > limit) throw new FrameError('too_large');
  // A code unit takes at most three bytes: only then is it worth counting.
  if (text.length * 3 > limit && utf8Length(text, limit) > limit) throw new FrameError('too_large');
  if (!text.isWellFormed()) throw new FrameError('utf8');
  return text;
}

/** Bytes of a text in UTF-8, or some number above `limit` once that is passed. */
export function utf8Length(text: string, limit: number = Number.POSITIVE_INFINITY): number {
  let bytes = text.length;
  for (let i = 0; i < text.length && bytes <= limit; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    // Each half of a surrogate pair adds one to the two code units: four bytes.
    bytes += unit < 0x800 || (unit & 0xf800) === 0xd800 ? 1 : 2;
  }
  return bytes;
}
