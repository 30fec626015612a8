/** The shortest of the three sizes of IEEE 754 that holds a number exactly (RFC 8949 §4.2.1). */
export type FloatBytes = 2 | 4 | 8;

export function shortestFloat(value: number): FloatBytes {
  if (Number.isNaN(value)) return 2;
  if (Math.fround(value) !== value) return 8;
  return fromHalf(toHalf(value)) === value ? 2 : 4;
}

const INFINITY_BITS = 0x7c00;
const NAN_BITS = 0x7e00;
const SMALLEST_NORMAL = 2 ** -14;
const SUBNORMAL_STEP = 2 ** -24;

/** Bits of the half nearest to a number, cut off and not rounded: exact whenever a half can be exact at all. */
export function toHalf(value: number): number {
  if (Number.isNaN(value)) return NAN_BITS;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65_536) return sign | INFINITY_BITS;
  if (size < SMALLEST_NORMAL) return sign | Math.floor(size / SUBNORMAL_STEP);
  const exponent = exponentOf(size);
  return sign | ((exponent + 15) << 10) | Math.floor((size / 2 ** exponent - 1) * 1024);
}

export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * SUBNORMAL_STEP;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The largest power of two that is not above a number from 2^-14 to 2^16. */
function exponentOf(size: number): number {
  let exponent = -14;
  while (2 ** (exponent + 1) <= size) exponent += 1;
  return exponent;
}
