import { KeyRing, type SigningKey } from '@atp-router/wire';
import { CliError, EXIT } from '../exit.ts';
import { readText } from '../read-file.ts';
import type { Terminal } from '../terminal.ts';

/** Where keys come from. Never from the command line: other users see that, and the shell keeps it. */
export interface KeyOptions {
  readonly keyFile?: string;
  readonly keyEnv?: string;
  readonly kid?: string;
}

const DEFAULT_ENV = 'ATP_WIRE_KEY';
const KEYS_CHARS_MAX = 1_048_576;
/** 9999-12-31: a key without an end. */
const FOREVER_MS = 253_402_300_800_000;

/**
 * Keys from a file or a variable: one secret as hex or base64url, or JSON, one key or a list of
 * `{"kid","secret","not_before_ms"?,"not_after_ms"?}`. `kid` names the key where the secret is all there is.
 */
export async function loadKeys(options: KeyOptions, kid: string | undefined, terminal: Terminal): Promise<KeyRing> {
  return new KeyRing(await listKeys(options, kid, terminal));
}

/** The same keys, one by one. */
export async function listKeys(
  options: KeyOptions,
  kid: string | undefined,
  terminal: Terminal,
): Promise<readonly SigningKey[]> {
  const { text, where } = await textOf(options, terminal);
  if (text.length > KEYS_CHARS_MAX) throw unusable(`${where} is longer than ${KEYS_CHARS_MAX} characters`);
  const trimmed = text.trim();
  if (trimmed === '') throw unusable(`${where} is empty`);
  return /^[[{]/.test(trimmed) ? keysOf(trimmed, where) : [plainKey(trimmed, kid, where)];
}

async function textOf(
  { keyFile, keyEnv }: KeyOptions,
  terminal: Terminal,
): Promise<{ readonly text: string; readonly where: string }> {
  if (keyFile !== undefined && keyEnv !== undefined) {
    throw new CliError(EXIT.usage, 'the key is either in --key-file or in --key-env.');
  }
  if (keyFile !== undefined) return { text: await readText(keyFile, terminal), where: keyFile };
  const name = keyEnv ?? DEFAULT_ENV;
  const text = terminal.env[name];
  if (text !== undefined) return { text, where: name };
  throw unusable(
    keyEnv === undefined
      ? `there is no key: name a file with --key-file, or set ${DEFAULT_ENV}`
      : `the variable ${name} is not set`,
  );
}

function plainKey(text: string, kid: string | undefined, where: string): SigningKey {
  if (kid === undefined) throw new CliError(EXIT.usage, `${where} holds a secret alone: name the key with --kid.`);
  return { kid, secret: secretOf(text, where), not_before_ms: 0, not_after_ms: FOREVER_MS };
}

function keysOf(text: string, where: string): readonly SigningKey[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // What the engine says quotes the text, which is a secret.
    throw unusable(`${where} begins like JSON and is none`);
  }
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw unusable(`${where} holds no key`);
  return list.map((one) => keyOf(one, where));
}

function keyOf(value: unknown, where: string): SigningKey {
  const { kid, secret, not_before_ms = 0, not_after_ms = FOREVER_MS } = (value ?? {}) as Record<string, unknown>;
  if (typeof kid !== 'string' || typeof secret !== 'string') {
    throw unusable(`a key in ${where} has no "kid" or no "secret", which are texts`);
  }
  if (!Number.isSafeInteger(not_before_ms) || !Number.isSafeInteger(not_after_ms)) {
    throw unusable(`the times of the key ${kid} in ${where} are no milliseconds since 1970`);
  }
  const times = { not_before_ms: not_before_ms as number, not_after_ms: not_after_ms as number };
  return { kid, secret: secretOf(secret, where), ...times };
}

/** Hex wins: a secret of 32 bytes in base64url never consists of hex digits by chance. */
function secretOf(text: string, where: string): Uint8Array {
  if (/^(?:[0-9a-fA-F]{2})+$/.test(text)) return Buffer.from(text, 'hex');
  if (/^[A-Za-z0-9_-]+$/.test(text)) return Buffer.from(text, 'base64url');
  throw unusable(`a secret in ${where} is neither hex nor base64url`);
}

function unusable(what: string): CliError {
  return new CliError(EXIT.denied, `${what}.`);
}
