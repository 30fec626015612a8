import { assert, AtpError } from '@atp-router/kernel';

/** RFC 4648 base32 in lower case: survives being read aloud, typed and put in a URL. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const PREFIX = 'atp_';
/** 160 bits: 32 characters without padding. */
export const KEY_RANDOM_BYTES = 20;
/** Keys that others made may be configured by their hash; longer ones are refused before they are hashed. */
const MAX_KEY_LENGTH = 512;
/** Characters after the prefix that are kept in clear to tell keys apart: 20 of 160 bits. */
const DISPLAY_CHARS = 4;

/** Lower-case hex SHA-256 of the UTF-8 text. Injected: pure rooms own no cryptography. */
export type Sha256Hex = (text: string) => string;

/** A key as it is shown once; only `hash` and `display` are stored. */
export interface NewKey {
  readonly secret: string;
  /** 64 lower-case hex digits. */
  readonly hash: string;
  /** `atp_` and four characters, to recognise the key in lists. */
  readonly display: string;
}

/** Makes a key from 20 bytes of a cryptographic random source. */
export function makeKey(random: Uint8Array, sha256Hex: Sha256Hex): NewKey {
  assert(random.length === KEY_RANDOM_BYTES, 'a key is made of 20 random bytes');
  const secret = PREFIX + base32(random);
  return { secret, hash: sha256Hex(secret), display: secret.slice(0, PREFIX.length + DISPLAY_CHARS) };
}

/** The 64 hex digits of a configured hash, with or without `sha256:`; throws `config_invalid` naming `what`. */
export function parseKeyHash(text: string, what: string): string {
  const hash = (text.startsWith('sha256:') ? text.slice('sha256:'.length) : text).toLowerCase();
  if (/^[0-9a-f]{64}$/.test(hash)) return hash;
  const message = `${what} must be "sha256:" and the 64 hex digits of the key's SHA-256. \`atp keys create\` prints one.`;
  throw new AtpError('config_invalid', message, { param: what });
}

/** Compares two hex strings in a time that depends on their lengths only. */
export function equalHex(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i += 1) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

/** The two headers that carry a key. Names as Node gives them; absent ones are undefined. */
export interface KeyHeaders {
  readonly authorization?: string | undefined;
  readonly 'x-api-key'?: string | undefined;
}

export type PresentedKey =
  | { readonly kind: 'key'; readonly secret: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed'; readonly header: 'authorization' | 'x-api-key' };

/**
 * The key of a request: `Authorization: Bearer <key>` (RFC 6750), else `x-api-key: <key>`. With both, the first one
 * counts. An `Authorization` of another scheme is malformed, unless `x-api-key` is there.
 */
export function presentedKey(headers: KeyHeaders): PresentedKey {
  const authorization = headers.authorization;
  const api_key = headers['x-api-key'];
  if (authorization !== undefined) {
    const secret = bearer(authorization);
    if (secret !== undefined) return { kind: 'key', secret };
    if (api_key === undefined) return { kind: 'malformed', header: 'authorization' };
  }
  if (api_key === undefined) return { kind: 'none' };
  const secret = api_key.trim();
  return isToken(secret) ? { kind: 'key', secret } : { kind: 'malformed', header: 'x-api-key' };
}

function bearer(authorization: string): string | undefined {
  const scheme = 'bearer ';
  if (authorization.slice(0, scheme.length).toLowerCase() !== scheme) return undefined;
  const secret = authorization.slice(scheme.length).trim();
  return isToken(secret) ? secret : undefined;
}

/** Visible ASCII of a sane length: what a key can be and a hash is worth computing for. */
function isToken(text: string): boolean {
  if (text.length === 0 || text.length > MAX_KEY_LENGTH) return false;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code <= 0x20 || code >= 0x7f) return false;
  }
  return true;
}

function base32(bytes: Uint8Array): string {
  let out = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += ALPHABET.charAt((held >>> bits) & 31);
    }
    held &= (1 << bits) - 1;
  }
  return out;
}
