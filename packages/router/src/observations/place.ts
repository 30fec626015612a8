import { AtpError, isCount, isJsonObject } from '@atp-router/kernel';
import type { SegmentName } from './segment-name.ts';

/** Where in all files an observation is. It stays true when files come, go, and are closed. */
export interface Place extends SegmentName {
  /** Among the observations of the file. */
  readonly at: number;
}

export function placeText({ node, from_ms, n, at }: Place): string {
  return Buffer.from(JSON.stringify({ node, from_ms, n, at })).toString('base64url');
}

/** Throws `invalid_request`. */
export function readPlace(cursor: string): Place {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (isJsonObject(value)) {
      const { node, from_ms, n, at } = value;
      if (typeof node === 'string' && [from_ms, n, at].every(isCount)) {
        return { node, from_ms: Number(from_ms), n: Number(n), at: Number(at), is_open: false };
      }
    }
  } catch {
    // As what is no place.
  }
  throw new AtpError('invalid_request', '"cursor" must be the next_cursor of an earlier answer, unchanged.', {
    param: 'cursor',
  });
}
