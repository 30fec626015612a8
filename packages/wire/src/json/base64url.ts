import { decodeNative, encodeNative } from './base64url-native.ts';

/** Strict unpadded base64url (RFC 4648 §5): one spelling for each sequence of bytes. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** More than any digit, so that one look at the digits together tells whether all are digits. */
const NONE = 0xff;
const ENCODE: Readonly<Uint8Array> = Uint8Array.from(ALPHABET, (char) => char.charCodeAt(0));
/** Two digits for twelve bits, in the order in which this machine has them in memory. */
const PAIRS: Readonly<Uint16Array> = new Uint16Array(
  Uint8Array.from({ length: 8_192 }, (_, i) => ENCODE[i % 2 === 0 ? i >>> 7 : (i >>> 1) & 63] as number).buffer,
);
const DECODE: Readonly<Uint8Array> = Uint8Array.from({ length: 256 }, (_, code) => {
  const value = ALPHABET.indexOf(String.fromCharCode(code));
  return value < 0 ? NONE : value;
});
/**
 * What a digit in each of four places adds to three bytes, the first of them in the lowest bits. Negative for what is no
 * digit, and so is every sum of which that is a part.
 */
const FIRST: Readonly<Int32Array> = placed((value) => value << 2);
const SECOND: Readonly<Int32Array> = placed((value) => (value >>> 4) | ((value & 15) << 12));
const THIRD: Readonly<Int32Array> = placed((value) => ((value >>> 2) << 8) | ((value & 3) << 22));
const FOURTH: Readonly<Int32Array> = placed((value) => value << 16);
/** Where the first byte of a word is its lowest: on every machine that one is likely to meet. */
const LOWEST_FIRST = new Uint8Array(Int32Array.of(1).buffer)[0] === 1;
/** Digits that make three words. */
const BLOCK_CHARS = 16;
/** Below, two more views cost what they save. */
const BLOCKS_MIN = 8;
const ASCII = new TextDecoder();
const UTF8 = new TextEncoder();

export const toBase64Url: (bytes: Uint8Array) => string = encodeNative ?? encodeInLoop;

/** `undefined` for whatever no encoder writes: padding, white space, other alphabets, bits behind the last byte. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  if (decodeNative === undefined) return decodeInLoop(text);
  return text.length % 4 !== 1 && unusedBits(text) === 0 ? decodeNative(text) : undefined;
}

/** As `toBase64Url`, for engines without native code for it. */
export function encodeInLoop(bytes: Uint8Array): string {
  const whole = bytes.length - (bytes.length % 3);
  const out = new Uint8Array(Math.ceil((bytes.length * 4) / 3));
  const pairs = new Uint16Array(out.buffer, 0, (whole / 3) * 2);
  let pair = 0;
  for (let i = 0; i < whole; i += 3) {
    const word = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number);
    pairs[pair] = PAIRS[word >>> 12] as number;
    pairs[pair + 1] = PAIRS[word & 4095] as number;
    pair += 2;
  }
  const at = pair * 2;
  if (whole < bytes.length) {
    const word = ((bytes[whole] as number) << 16) | ((bytes[whole + 1] ?? 0) << 8);
    out[at] = ENCODE[word >>> 18] as number;
    out[at + 1] = ENCODE[(word >>> 12) & 63] as number;
    if (whole + 2 === bytes.length) out[at + 2] = ENCODE[(word >>> 6) & 63] as number;
  }
  return ASCII.decode(out);
}

/** As `fromBase64Url`, for engines without native code for it. */
export function decodeInLoop(text: string): Uint8Array | undefined {
  const rest = text.length % 4;
  if (rest === 1) return undefined;
  // Bytes are looked up faster than characters. Text that is not ASCII does not fit in, or ends in zeros, which are no digits.
  const from = new Uint8Array(text.length);
  if (UTF8.encodeInto(text, from).read !== text.length) return undefined;
  const whole = text.length - rest;
  const out = new Uint8Array((whole / 4) * 3 + (rest === 0 ? 0 : rest - 1));
  const blocks = LOWEST_FIRST ? Math.floor(text.length / BLOCK_CHARS) : 0;
  const begin = blocks < BLOCKS_MIN ? 0 : blocks * BLOCK_CHARS;
  if (begin > 0 && !putBlocks(from, out, blocks)) return undefined;
  let seen = 0;
  let at = (begin / 4) * 3;
  for (let i = begin; i < whole; i += 4) {
    const a = DECODE[from[i] as number] as number;
    const b = DECODE[from[i + 1] as number] as number;
    const c = DECODE[from[i + 2] as number] as number;
    const d = DECODE[from[i + 3] as number] as number;
    seen |= a | b | c | d;
    out[at] = (a << 2) | (b >>> 4);
    out[at + 1] = (b << 4) | (c >>> 2);
    out[at + 2] = (c << 6) | d;
    at += 3;
  }
  if (seen > 63) return undefined;
  return rest === 0 || putRest(from.subarray(whole), out, at) ? out : undefined;
}

/** Sixteen digits at a time, in words of four: two thirds of the time that single bytes take. */
function putBlocks(from: Uint8Array<ArrayBuffer>, to: Uint8Array<ArrayBuffer>, blocks: number): boolean {
  const digits = new Int32Array(from.buffer, 0, blocks * 4);
  const words = new Int32Array(to.buffer, 0, blocks * 3);
  let seen = 0;
  let at = 0;
  for (let i = 0; i < digits.length; i += 4) {
    const a = threeBytes(digits[i] as number);
    const b = threeBytes(digits[i + 1] as number);
    const c = threeBytes(digits[i + 2] as number);
    const d = threeBytes(digits[i + 3] as number);
    seen |= a | b | c | d;
    words[at] = a | (b << 24);
    words[at + 1] = (b >>> 8) | (c << 16);
    words[at + 2] = (c >>> 16) | (d << 8);
    at += 3;
  }
  return seen >= 0;
}

/** Of four digits, the first byte lowest. */
function threeBytes(digits: number): number {
  return (
    (FIRST[digits & 0xff] as number) |
    (SECOND[(digits >>> 8) & 0xff] as number) |
    (THIRD[(digits >>> 16) & 0xff] as number) |
    (FOURTH[digits >>> 24] as number)
  );
}

/** The last two or three digits, of which the last one is not used whole. */
function putRest(digits: Uint8Array, out: Uint8Array, at: number): boolean {
  const a = DECODE[digits[0] as number] as number;
  const b = DECODE[digits[1] as number] as number;
  const c = digits.length === 3 ? (DECODE[digits[2] as number] as number) : 0;
  out[at] = (a << 2) | (b >>> 4);
  if (digits.length === 3) out[at + 1] = (b << 4) | (c >>> 2);
  const unused = digits.length === 3 ? c & 3 : b & 15;
  return (a | b | c) <= 63 && unused === 0;
}

/** Whether `fromBase64Url` would take it, without making the bytes. For short texts. */
export function isBase64Url(text: string): boolean {
  let seen = 0;
  for (let i = 0; i < text.length; i += 1) seen |= digit(text, i);
  return seen <= 63 && text.length % 4 !== 1 && unusedBits(text) === 0;
}

/** The bits of the last digit that belong to no byte; of text that has a length of 4n + 1 nothing of use. */
function unusedBits(text: string): number {
  const rest = text.length % 4;
  return rest === 0 ? 0 : digit(text, text.length - 1) & (rest === 2 ? 15 : 3);
}

function digit(text: string, at: number): number {
  return DECODE[text.charCodeAt(at)] ?? NONE;
}

function placed(place: (value: number) => number): Int32Array {
  return Int32Array.from(DECODE, (value) => (value === NONE ? -1 : place(value)));
}
