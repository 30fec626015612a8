import { FrameError } from '../frame-error.ts';
import { SHA256_TEXT } from '../fields/kinds.ts';
import { INT_MAX, type WireLimits } from '../limits.ts';
import { isPlain } from '../value.ts';

/**
 * Where a value comes from, and so what is known of it already:
 * - `parsed`: from JSON text that holds neither a bytes mark nor an escape that could hide one or half a surrogate pair;
 * - `marked`: from any other JSON text; marks are replaced by bytes where they stand;
 * - `given`: from a caller who wants it written; may hold what no encoding carries, and is never changed;
 * - `loose`: as `given`, for a place where any number may stand;
 * - `read`: from CBOR, whose reader has judged depth, items, text and numbers.
 */
export type Origin = 'parsed' | 'marked' | 'given' | 'loose' | 'read';

/** What is checked against while one frame is checked, and what is left of its limits. */
export class Check {
  readonly origin: Origin;
  readonly depth_max: number;
  /** What the one mark of bytes stands for, if it was emptied before the text was parsed (`liftBytes`). */
  readonly lifted: Uint8Array | undefined;
  #items: number;

  constructor(origin: Origin, limits: WireLimits, lifted?: Uint8Array) {
    this.origin = origin;
    this.lifted = lifted;
    this.depth_max = limits.depth;
    this.#items = origin === 'read' ? Number.POSITIVE_INFINITY : limits.items;
  }

  /** Counts members or elements. */
  take(count: number, path: string): void {
    this.#items -= count;
    if (this.#items < 0) throw new FrameError('too_many_items', { path });
  }
}

/** An object of the protocol's own, `depth` containers deep. */
export function checkObject(check: Check, value: unknown, depth: number, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new FrameError('type', { path });
  // What `JSON.parse` made is never anything else than a plain object.
  if (check.origin === 'read' && value instanceof Uint8Array) throw new FrameError('type', { path });
  if (check.origin === 'given' && (value instanceof Uint8Array || !isPlain(value))) {
    throw new FrameError('type', { path });
  }
  if (depth > check.depth_max) throw new FrameError('too_deep', { path });
  return value as Record<string, unknown>;
}

export function checkInt(value: unknown, min: number, max: number, path: string): void {
  if (typeof value !== 'number') throw new FrameError('type', { path });
  if (!Number.isSafeInteger(value)) throw new FrameError(Number.isInteger(value) ? 'number' : 'type', { path });
  if (value < min || value > max) throw new FrameError('value', { path });
}

export function checkNumber(value: unknown, min: number, max: number, path: string): void {
  if (typeof value !== 'number') throw new FrameError('type', { path });
  if (!(value >= -INT_MAX && value <= INT_MAX)) throw new FrameError('number', { path });
  if (value < min || value > max) throw new FrameError('value', { path });
}

/** A text of `min` to `max` code points. */
export function checkText(check: Check, value: unknown, min: number, max: number, path: string): string {
  if (typeof value !== 'string') throw new FrameError('type', { path });
  if (check.origin !== 'parsed' && !value.isWellFormed()) throw new FrameError('utf8', { path });
  if (value.length < min || (value.length > max && isLonger(value, max))) throw new FrameError('value', { path });
  return value;
}

export function checkPattern(check: Check, value: unknown, length: number, pattern: RegExp, path: string): void {
  if (!pattern.test(checkText(check, value, length, length, path))) throw new FrameError('value', { path });
}

export function checkDigest(check: Check, value: unknown, path: string): void {
  checkPattern(check, value, 71, SHA256_TEXT, path);
}

export function checkTexts(check: Check, value: unknown, count: number, length: number, path: string): void {
  if (!Array.isArray(value)) throw new FrameError('type', { path });
  if (value.length > count) throw new FrameError('value', { path });
  check.take(value.length, path);
  for (let i = 0; i < value.length; i += 1) checkText(check, value[i], 1, length, path);
}

/** Whether a text has more than `max` code points; only asked where it has more than `max` code units. */
function isLonger(value: string, max: number): boolean {
  if (value.length > 2 * max) return true;
  let points = 0;
  for (const _ of value) points += 1;
  return points > max;
}
