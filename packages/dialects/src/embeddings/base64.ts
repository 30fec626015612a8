import { AtpError } from '@atp-router/kernel';

/** Vectors in `encoding_format: base64`: little-endian IEEE 754 binary32, then base64 with padding (RFC 4648 §4). */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const INVALID = 255;
const PAD = 61;

const VALUES: Readonly<Uint8Array> = (() => {
  const values = new Uint8Array(128).fill(INVALID);
  for (let i = 0; i < ALPHABET.length; i += 1) values[ALPHABET.charCodeAt(i)] = i;
  return values;
})();

export function encodeFloats(values: readonly number[]): string {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  for (let i = 0; i < values.length; i += 1) view.setFloat32(i * 4, values[i] ?? 0, true);
  return toBase64(new Uint8Array(view.buffer));
}

/** Throws `AtpError upstream_error`: only providers send vectors. */
export function decodeFloats(text: string): number[] {
  const bytes = fromBase64(text);
  if (bytes === undefined || bytes.length % 4 !== 0) {
    throw new AtpError(
      'upstream_error',
      'The provider answered with an embedding that is not base64 of 32-bit floats.',
      {
        origin: 'remote',
      },
    );
  }
  const view = new DataView(bytes.buffer);
  const out = new Array<number>(bytes.length / 4);
  for (let i = 0; i < out.length; i += 1) out[i] = view.getFloat32(i * 4, true);
  return out;
}

export function toBase64(bytes: Uint8Array): string {
  let out = '';
  const whole = bytes.length - (bytes.length % 3);
  for (let i = 0; i < whole; i += 3) out += quad(at(bytes, i), at(bytes, i + 1), at(bytes, i + 2));
  const left = bytes.length - whole;
  if (left === 1) out += `${quad(at(bytes, whole), 0, 0).slice(0, 2)}==`;
  else if (left === 2) out += `${quad(at(bytes, whole), at(bytes, whole + 1), 0).slice(0, 3)}=`;
  return out;
}

function at(bytes: Uint8Array, i: number): number {
  return bytes[i] ?? 0;
}

function quad(a: number, b: number, c: number): string {
  return (
    ALPHABET.charAt(a >>> 2) +
    ALPHABET.charAt(((a & 3) << 4) | (b >>> 4)) +
    ALPHABET.charAt(((b & 15) << 2) | (c >>> 6)) +
    ALPHABET.charAt(c & 63)
  );
}

/** Undefined when the text is not base64. Missing padding is accepted. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  let length = text.length;
  while (length > 0 && text.length - length < 2 && text.charCodeAt(length - 1) === PAD) length -= 1;
  if (length % 4 === 1) return undefined;
  const out = new Uint8Array(Math.floor((length * 3) / 4));
  let bits = 0;
  let held = 0;
  let to = 0;
  for (let i = 0; i < length; i += 1) {
    const code = text.charCodeAt(i);
    const value = code < 128 ? (VALUES[code] ?? INVALID) : INVALID;
    if (value === INVALID) return undefined;
    bits = ((bits << 6) | value) & 0xffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out[to] = (bits >>> held) & 255;
      to += 1;
    }
  }
  return out;
}
