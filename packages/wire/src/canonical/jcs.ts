import { FrameError } from '../frame-error.ts';
import { toBase64Url } from '../json/base64url.ts';
import { WIRE_LIMITS } from '../limits.ts';
import { BYTES_MARK, isPlain } from '../value.ts';

/**
 * The JSON Canonicalization Scheme (RFC 8785): the one JSON text of a value. Members sorted by UTF-16 code units, numbers
 * as ECMAScript prints them, no white space. Bytes become their mark; members that are undefined are left out. Throws
 * `FrameError` for what JSON cannot hold: numbers that are not finite, half surrogate pairs, cycles and depths above
 * `depth_max`, anything that is no plain value.
 */
export function canonicalJson(value: unknown, depth_max: number = WIRE_LIMITS.depth): string {
  switch (typeof value) {
    case 'string':
      return text(value);
    case 'number':
      if (!Number.isFinite(value)) throw new FrameError('number');
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      return value === null ? 'null' : object(value, depth_max);
    case 'bigint':
    case 'function':
    case 'symbol':
    case 'undefined':
      throw new FrameError('type');
  }
}

function text(value: string): string {
  if (!value.isWellFormed()) throw new FrameError('utf8');
  // What ECMAScript escapes, and how, is what the standard asks for.
  return JSON.stringify(value);
}

function object(value: object, depth_left: number): string {
  if (value instanceof Uint8Array) return `{"${BYTES_MARK}":"${toBase64Url(value)}"}`;
  if (depth_left === 0) throw new FrameError('too_deep');
  if (Array.isArray(value)) return `[${value.map((one) => canonicalJson(one, depth_left - 1)).join(',')}]`;
  if (!isPlain(value)) throw new FrameError('type');
  const from = value as Record<string, unknown>;
  const members = Object.keys(from)
    .filter((name) => from[name] !== undefined)
    .sort()
    .map((name) => `${text(name)}:${canonicalJson(from[name], depth_left - 1)}`);
  return `{${members.join(',')}}`;
}
