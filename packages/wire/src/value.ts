/**
 * What may stand in a free place of a frame (`payload.content`, unknown fields): the values of JSON, and bytes. Bytes are
 * a `Uint8Array` in memory, a byte string in CBOR, and an object with the one member `$bytes` in JSON.
 */
export type WireValue = string | number | boolean | null | Uint8Array | readonly WireValue[] | WireObject;

export interface WireObject {
  readonly [name: string]: WireValue | undefined;
}

/** The member that marks bytes in JSON: `{"$bytes": "<strict unpadded base64url>"}`. No object may use it otherwise. */
export const BYTES_MARK = '$bytes';

export function isWireObject(value: unknown): value is WireObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/**
 * Whether an object is one that both encodings can carry: made by `{}`, a parser or `Object.create(null)`. A `Date`, a
 * `Map` or an instance of a class would silently become something else.
 */
export function isPlain(value: object): boolean {
  const parent: unknown = Object.getPrototypeOf(value);
  return parent === Object.prototype || parent === null || Object.getPrototypeOf(parent) === null;
}
