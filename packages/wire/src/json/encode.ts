import { Check } from '../check/check.ts';
import { checkFrame } from '../check/frame.ts';
import type { Frame } from '../frame.ts';
import { FrameError } from '../frame-error.ts';
import { WIRE_LIMITS, type WireLimits } from '../limits.ts';
import { BYTES_MARK } from '../value.ts';
import { toBase64Url } from './base64url.ts';
import { utf8Length } from './decode.ts';

/**
 * Writes one frame as JSON text, members in the order in which they are in memory. Refuses with `FrameError` what no
 * reader would take: whatever breaks a rule of the fields, cannot be carried, or is larger than the limit.
 */
export function encodeJson(frame: Frame, limits: WireLimits = WIRE_LIMITS): string {
  const checked = checkFrame(new Check('given', limits), frame);
  const text = JSON.stringify(marked(checked));
  if (text.length > limits.frame_bytes) throw new FrameError('too_large');
  if (text.length * 3 > limits.frame_bytes && utf8Length(text, limits.frame_bytes) > limits.frame_bytes) {
    throw new FrameError('too_large');
  }
  return text;
}

/**
 * The value with bytes replaced by their marks. What holds none is returned as it is, so that a frame without bytes is
 * not copied at all. The value has been checked, which bounds the recursion.
 */
export function marked(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return { [BYTES_MARK]: toBase64Url(value) };
  return Array.isArray(value) ? markedList(value) : markedObject(value as Record<string, unknown>);
}

function markedList(list: readonly unknown[]): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let i = 0; i < list.length; i += 1) {
    const member = list[i];
    const written = marked(member);
    if (written === member) continue;
    copy ??= [...list];
    copy[i] = written;
  }
  return copy ?? list;
}

function markedObject(object: Record<string, unknown>): Record<string, unknown> {
  let copy: Record<string, unknown> | undefined;
  for (const name in object) {
    const member = object[name];
    if (typeof member !== 'object' || member === null) continue;
    const written = marked(member);
    if (written === member) continue;
    // A spread keeps a member named `__proto__` a member; so does assigning to one that is there.
    copy ??= { ...object };
    copy[name] = written;
  }
  return copy ?? object;
}
