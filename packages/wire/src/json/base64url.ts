/** Strict unpadded base64url (RFC 4648 §5): one spelling for each sequence of bytes. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const NONE = 0xff;
const ENCODE: readonly number[] = [...ALPHABET].map((char) => char.charCodeAt(0));
const DECODE: readonly number[] = Array.from({ length: 128 }, (_, code) => {
  const value = ALPHABET.indexOf(String.fromCharCode(code));
  return value < 0 ? NONE : value;
});
const ASCII = new TextDecoder();

export function toBase64Url(bytes: Uint8Array): string {
  const whole = bytes.length - (bytes.length % 3);
  const out = new Uint8Array(Math.ceil((bytes.length * 4) / 3));
  let at = 0;
  for (let i = 0; i < whole; i += 3) {
    const word = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number);
    out[at] = ENCODE[word >>> 18] as number;
    out[at + 1] = ENCODE[(word >>> 12) & 63] as number;
    out[at + 2] = ENCODE[(word >>> 6) & 63] as number;
    out[at + 3] = ENCODE[word & 63] as number;
    at += 4;
  }
  if (whole < bytes.length) {
    const word = ((bytes[whole] as number) << 16) | ((bytes[whole + 1] ?? 0) << 8);
    out[at] = ENCODE[word >>> 18] as number;
    out[at + 1] = ENCODE[(word >>> 12) & 63] as number;
    if (whole + 2 === bytes.length) out[at + 2] = ENCODE[(word >>> 6) & 63] as number;
  }
  return ASCII.decode(out);
}

/** `undefined` for whatever no encoder writes: padding, white space, other alphabets, bits behind the last byte. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  const rest = text.length % 4;
  if (rest === 1) return undefined;
  const whole = text.length - rest;
  const out = new Uint8Array((whole / 4) * 3 + (rest === 0 ? 0 : rest - 1));
  let at = 0;
  for (let i = 0; i < whole; i += 4) {
    const [a, b, c, d] = [digit(text, i), digit(text, i + 1), digit(text, i + 2), digit(text, i + 3)];
    if ((a | b | c | d) > 63) return undefined;
    out[at] = (a << 2) | (b >>> 4);
    out[at + 1] = (b << 4) | (c >>> 2);
    out[at + 2] = (c << 6) | d;
    at += 3;
  }
  if (rest === 0) return out;
  const [a, b, c] = [digit(text, whole), digit(text, whole + 1), rest === 3 ? digit(text, whole + 2) : 0];
  const unused = rest === 3 ? c & 3 : b & 15;
  if ((a | b | c) > 63 || unused !== 0) return undefined;
  out[at] = (a << 2) | (b >>> 4);
  if (rest === 3) out[at + 1] = (b << 4) | (c >>> 2);
  return out;
}

/** Whether `fromBase64Url` would take it, without making the bytes. */
export function isBase64Url(text: string): boolean {
  let all = 0;
  for (let i = 0; i < text.length; i += 1) all |= digit(text, i);
  const rest = text.length % 4;
  const unused = rest === 0 ? 0 : digit(text, text.length - 1) & (rest === 2 ? 15 : 3);
  return all <= 63 && unused === 0 && rest !== 1;
}

function digit(text: string, at: number): number {
  return DECODE[text.charCodeAt(at)] ?? NONE;
}
