import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { CliError, EXIT } from '../exit.ts';
import { printable } from '../print/text.ts';
import type { Terminal } from '../terminal.ts';

/** Options of every command that asks a running router. */
export interface OnlineOptions {
  readonly url?: string;
  readonly adminKey?: string;
  readonly dataDir?: string;
  readonly json?: boolean;
}

export const DEFAULT_URL = 'http://127.0.0.1:7443';
const DEFAULT_DATA_DIR = '.atp';
const ADMIN_KEY_FILE = 'admin.key';

export function routerUrl(options: Pick<OnlineOptions, 'url'>, terminal: Terminal): string {
  const text = options.url ?? given(terminal.env['ATP_URL']) ?? DEFAULT_URL;
  const fault = urlFault(text);
  if (fault === undefined) return text;
  throw new CliError(EXIT.usage, `${fault} Write it like ${DEFAULT_URL}, in --url or ATP_URL.`);
}

function urlFault(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return `the address of the router, ${withoutSecrets(text)}, is no http:// or https:// address.`;
  }
  if (url.username === '' && url.password === '' && url.search === '' && url.hash === '') return undefined;
  return `the address of the router, ${withoutSecrets(text)}, has more than host, port and path: a router takes keys only.`;
}

/** An address that a user typed wrong may hold a password before the @, and a key behind the ?. */
function withoutSecrets(text: string): string {
  const shown = text.replace(/^([a-z]+:\/\/)?.*@/is, '$1…@').replace(/[?#].*/s, '?…');
  return printable(shown === '' ? '""' : shown);
}

/** What a header can carry and a key can be. Anything else would look as if no router answered. */
export function checkedKey(key: string, where: string): string {
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  const fault = key === '' ? 'is empty' : 'has characters that no key has: spaces, line breaks or others than ASCII';
  throw new CliError(EXIT.denied, `the key in ${where} ${fault}. Copy it anew, without what is around it.`);
}

/**
 * The admin key: from the option, the environment, or the file that a router on this machine keeps in its data
 * directory. The file is for loopback only: its key must not travel to whatever answers at some other address.
 */
export function adminKey(options: OnlineOptions, terminal: Terminal): string {
  if (options.adminKey !== undefined) return checkedKey(options.adminKey, '--admin-key');
  const variable = given(terminal.env['ATP_ADMIN_KEY']);
  if (variable !== undefined) return checkedKey(variable, 'ATP_ADMIN_KEY');
  const url = routerUrl(options, terminal);
  if (!isLoopback(url)) {
    const message = `${url} is not on this machine: give its admin key with --admin-key or ATP_ADMIN_KEY.`;
    throw new CliError(EXIT.denied, message);
  }
  const folder = resolve(terminal.cwd, options.dataDir ?? given(terminal.env['ATP_DATA_DIR']) ?? DEFAULT_DATA_DIR);
  const file = join(folder, ADMIN_KEY_FILE);
  const key = readKey(file);
  if (key !== undefined) return checkedKey(key, file);
  const message = `there is no admin key: ${file} does not exist. Name the router's data directory with --data-dir or ATP_DATA_DIR, or give a key with --admin-key or ATP_ADMIN_KEY.`;
  throw new CliError(EXIT.denied, message);
}

function given(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}

function isLoopback(url: string): boolean {
  const host = new URL(url).hostname;
  return host === 'localhost' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));
}

function readKey(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CliError(
      EXIT.denied,
      `${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}.`,
    );
  }
}
