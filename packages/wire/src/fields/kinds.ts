import { INT_MAX } from '../limits.ts';
import type { Shape, Spec } from './spec.ts';

/** The kinds that fields share, and the sizes that go with them. */

/** Names and ids: long enough for a URI or two UUIDs, short enough for a key of a map. */
export const NAME_MAX = 128;
export const TEXT_MAX = 1_024;
/** Credentials: a JWT with many claims. */
export const TOKEN_MAX = 16_384;

export const NAME: Spec = { kind: 'text', min: 1, max: NAME_MAX };
export const TEXT: Spec = { kind: 'text', min: 0, max: TEXT_MAX };
export const TOKEN: Spec = { kind: 'text', min: 1, max: TOKEN_MAX };
/** Counts, sequence numbers, milliseconds, micro-dollars. */
export const COUNT: Spec = { kind: 'int', min: 0, max: INT_MAX };
/** An amount that may be owed. */
export const BALANCE: Spec = { kind: 'int', min: -INT_MAX, max: INT_MAX };
export const MEASURE: Spec = { kind: 'number', min: 0, max: INT_MAX };
export const ANY_NUMBER: Spec = { kind: 'number', min: -INT_MAX, max: INT_MAX };
export const SHARE: Spec = { kind: 'number', min: 0, max: 1 };
export const FLAG: Spec = { kind: 'flag' };
export const ANY: Spec = { kind: 'any' };

export const SHA256_TEXT: RegExp = /^sha256:[0-9a-f]{64}$/;
export const DIGEST: Spec = { kind: 'text', min: 71, max: 71, pattern: SHA256_TEXT };

export function names(max: number): Spec {
  return { kind: 'list', of: NAME, max };
}

export function word(...values: readonly string[]): Spec {
  return { kind: 'word', values };
}

export function object(shape: Shape): Spec {
  return { kind: 'object', shape };
}
