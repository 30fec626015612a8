import { FrameError } from '../frame-error.ts';
import { fromBase64Url } from '../json/base64url.ts';
import { INT_MAX } from '../limits.ts';
import { BYTES_MARK, isPlain } from '../value.ts';
import type { Check } from './check.ts';

/**
 * Judges a value in a free place: `payload.content`, unknown members and all below them. Returns what belongs there,
 * which is something else than `value` only where that marks bytes.
 *
 * `depth` is how many containers `value` is in, `path` the last name on the way that is the protocol's own. The recursion
 * is bounded by the limit on depth.
 */
export function checkFree(check: Check, value: unknown, depth: number, path: string): unknown {
  switch (check.origin) {
    case 'read':
      return value;
    case 'parsed':
      checkParsed(check, value, depth, path);
      return value;
    case 'marked':
      return checkMarked(check, value, depth, path);
    case 'given':
    case 'loose':
      checkGiven(check, value, depth, path);
      return value;
  }
}

/** A member whose name the protocol does not know. */
export function checkUnknown(
  check: Check,
  from: Record<string, unknown>,
  name: string,
  depth: number,
  path: string,
): void {
  if (check.origin === 'read') return;
  if (check.origin !== 'parsed') checkName(name, path);
  checkInto(check, from, name, from[name], depth, path);
}

/** A member in which anything may stand, by a name that is the protocol's own. */
export function checkInto(
  check: Check,
  into: Record<string, unknown>,
  name: string,
  value: unknown,
  depth: number,
  path: string,
): void {
  const checked = checkFree(check, value, depth, path);
  if (checked !== value) into[name] = checked;
}

/** A name that the sender chose. */
export function checkName(name: string, path: string): void {
  if (name === BYTES_MARK) throw new FrameError('bytes', { path });
  if (!name.isWellFormed()) throw new FrameError('utf8', { path });
}

function checkParsed(check: Check, value: unknown, depth: number, path: string): void {
  if (typeof value === 'number') {
    checkRange(value, path);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth >= check.depth_max) throw new FrameError('too_deep', { path });
  if (Array.isArray(value)) {
    check.take(value.length, path);
    for (let i = 0; i < value.length; i += 1) checkParsed(check, value[i], depth + 1, path);
    return;
  }
  let count = 0;
  for (const name in value) {
    count += 1;
    checkParsed(check, (value as Record<string, unknown>)[name], depth + 1, path);
  }
  check.take(count, path);
}

/** Both encodings carry what is within; a larger integer may have lost digits when it was read. */
function checkRange(value: number, path: string): void {
  if (!(value >= -INT_MAX && value <= INT_MAX)) throw new FrameError('number', { path });
}

function checkMarked(check: Check, value: unknown, depth: number, path: string): unknown {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new FrameError('utf8', { path });
    return value;
  }
  if (typeof value !== 'object' || value === null) {
    checkParsed(check, value, depth, path);
    return value;
  }
  if (!Array.isArray(value) && Object.hasOwn(value, BYTES_MARK)) return bytesOf(check, value, path);
  if (depth >= check.depth_max) throw new FrameError('too_deep', { path });
  if (Array.isArray(value)) {
    check.take(value.length, path);
    for (let i = 0; i < value.length; i += 1) value[i] = checkMarked(check, value[i], depth + 1, path);
    return value;
  }
  const names = Object.keys(value);
  check.take(names.length, path);
  for (const name of names) checkUnknown(check, value as Record<string, unknown>, name, depth + 1, path);
  return value;
}

function bytesOf(check: Check, mark: object, path: string): Uint8Array {
  const text: unknown = (mark as Record<string, unknown>)[BYTES_MARK];
  const is_mark = typeof text === 'string' && Object.keys(mark).length === 1;
  const bytes = is_mark ? (check.lifted ?? fromBase64Url(text)) : undefined;
  if (bytes === undefined) throw new FrameError('bytes', { path });
  return bytes;
}

function checkGiven(check: Check, value: unknown, depth: number, path: string): void {
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw new FrameError('utf8', { path });
      return;
    case 'number':
      if (check.origin === 'given') checkRange(value, path);
      return;
    case 'boolean':
      return;
    case 'object':
      if (value !== null && !(value instanceof Uint8Array)) checkGivenObject(check, value, depth, path);
      return;
    case 'bigint':
    case 'function':
    case 'symbol':
    case 'undefined':
      throw new FrameError('type', { path });
  }
}

function checkGivenObject(check: Check, value: object, depth: number, path: string): void {
  if (depth >= check.depth_max) throw new FrameError('too_deep', { path });
  if (Array.isArray(value)) {
    check.take(value.length, path);
    for (let i = 0; i < value.length; i += 1) checkGiven(check, value[i], depth + 1, path);
    return;
  }
  if (!isPlain(value)) throw new FrameError('type', { path });
  let count = 0;
  for (const name in value) {
    if ((value as Record<string, unknown>)[name] === undefined) continue;
    count += 1;
    checkUnknown(check, value as Record<string, unknown>, name, depth + 1, path);
  }
  check.take(count, path);
}
