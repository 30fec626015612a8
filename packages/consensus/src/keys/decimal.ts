/** Digits before and behind the point up to which a number is written out; beyond it gets an exponent. */
const PLAIN_DIGITS = 400;
/** Longer ones are not reduced: the time for it grows with their square. */
const REDUCE_DIGITS = 40;

/**
 * One text for equal numbers, exact at any length: `whole.part × 10^shift`, digits only. No leading or trailing zeros, no
 * minus before zero.
 */
export function decimalKey(isMinus: boolean, whole: string, part: string, shift: number): string {
  const all = `${whole}${part}`;
  const leading = all.length - all.replace(/^0+/, '').length;
  const digits = withoutLastZeros(all.slice(leading));
  if (digits === '') return '0';
  const point = whole.length - leading + shift;
  const sign = isMinus ? '-' : '';
  if (point > PLAIN_DIGITS || point < -PLAIN_DIGITS) return `${sign}${digits}e${point - digits.length}`;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return `${sign}${digits}${'0'.repeat(point - digits.length)}`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** A pattern for the end of a text tries each run of zeros; counting from the end does not. */
function withoutLastZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits[end - 1] === '0') end -= 1;
  return digits.slice(0, end);
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}

/** `whole above/below` as a reduced `a/b`; a whole number when nothing is left below. By zero stays as it is written. */
export function fractionKey(isMinus: boolean, whole: string, above: string, below: string): string {
  if (whole.length + above.length + below.length > REDUCE_DIGITS)
    return `${isMinus ? '-' : ''}${whole} ${above}/${below}`;
  const under = BigInt(below);
  const over = BigInt(whole) * under + BigInt(above);
  if (under === 0n) return `${isMinus ? '-' : ''}${over}/0`;
  const common = gcd(over, under);
  const sign = isMinus && over !== 0n ? '-' : '';
  return under === common ? `${sign}${over / common}` : `${sign}${over / common}/${under / common}`;
}
