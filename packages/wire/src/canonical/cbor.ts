import { Writer } from '../cbor/write.ts';
import { Reader } from '../cbor/read.ts';
import { Check } from '../check/check.ts';
import { checkFree } from '../check/free.ts';
import { WIRE_LIMITS, type WireLimits } from '../limits.ts';
import type { WireValue } from '../value.ts';

/**
 * The one CBOR encoding (RFC 8949 §4.2.1) of a value as it may stand in a frame: text keys, numbers within ±(2^53 − 1),
 * integers as integers. Throws `FrameError` for anything else.
 */
export function canonicalCbor(value: WireValue, limits: WireLimits = WIRE_LIMITS): Uint8Array<ArrayBuffer> {
  checkFree(new Check('given', limits), value, 0, '');
  return new Writer().value(value, 'frame');
}

/**
 * The one CBOR encoding of any plain value: as `canonicalCbor`, and also NaN, the infinities, minus zero and numbers
 * above 2^53, as floats. For tools; no frame may hold these.
 */
export function encodeCborValue(value: WireValue, limits: WireLimits = WIRE_LIMITS): Uint8Array<ArrayBuffer> {
  checkFree(new Check('loose', limits), value, 0, '');
  return new Writer().value(value, 'value');
}

/** Reads what `encodeCborValue` writes, and refuses every other encoding with `FrameError`. */
export function decodeCborValue(bytes: Uint8Array, limits: WireLimits = WIRE_LIMITS): WireValue {
  return new Reader(bytes, limits, 'value').whole() as WireValue;
}
