import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { AtpError } from '@atp-router/kernel';
import { checkConfig, type Fault, placeFaults } from './check.ts';
import type { Problem } from './problem.ts';
import { SOURCE_BYTES_MAX } from './source.ts';
import type { ValueSources } from './substitute.ts';
import { tryProofs } from './try-proofs.ts';
import { tryTls } from './try-tls.ts';
import type { Config } from './types.ts';

/** A checked file; `text` is kept for excerpts in messages. */
export type LoadResult =
  | { readonly ok: true; readonly file: string; readonly text: string; readonly config: Config }
  | { readonly ok: false; readonly file: string; readonly text: string; readonly problems: readonly Problem[] };

export type ReadResult = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string };

/** Reads a regular file of at most `max_bytes`; never throws. `lenient`: bytes that are no text are no fault. */
export type ReadFile = (path: string, max_bytes: number, lenient?: boolean) => ReadResult;

export type Env = Readonly<Record<string, string | undefined>>;

/** A secret is a line or a certificate, not an archive. */
const SECRET_BYTES_MAX = 65_536;
/** The CAs of the whole world take a quarter of a megabyte. */
const PEM_BYTES_MAX = 4_194_304;
/** As many as a recorded load may have. */
const LOAD_BYTES_MAX = 33_554_432;

export interface LoadOptions {
  readonly read?: ReadFile;
  /** Whether to try what a start needs too, beside the file. Default true; others may not have its key, nor the right to read it. */
  readonly listens?: boolean;
}

/** Reads and checks a configuration file. Relative paths in it are relative to its folder. Never throws. */
export function loadConfig(file: string, env: Env, options: LoadOptions = {}): LoadResult {
  const { read = readTextFile, listens = true } = options;
  const found = read(file, SOURCE_BYTES_MAX);
  if (!found.ok) {
    const problem = {
      line: 1,
      column: 1,
      path: '',
      message: `the file cannot be read: ${found.reason}`,
      expected: 'a readable YAML or JSON file of at most 4 MiB',
    };
    return { ok: false, file, text: '', problems: [problem] };
  }
  const base_dir = dirname(resolve(file));
  const sources: ValueSources = {
    env: (name) => (Object.hasOwn(env, name) ? env[name] : undefined),
    file: (path) => {
      const content = read(isAbsolute(path) ? path : resolve(base_dir, path), SECRET_BYTES_MAX);
      return content.ok ? content.text : undefined;
    },
  };
  const checked = checkConfig(found.text, sources, { base_dir });
  const faults = checked.ok && listens ? faultsOutside(checked.config, read) : [];
  if (faults.length === 0) return { ...checked, file, text: found.text };
  return { ok: false, file, text: found.text, problems: placeFaults(found.text, sources, faults) };
}

/** Of files that a start needs. */
function faultsOutside({ listen: { tls }, flow }: Config, read: ReadFile): Fault[] {
  return [
    // Comments beside the PEM blocks may be in any encoding.
    ...(tls === undefined ? [] : tryTls(tls, (path) => read(path, PEM_BYTES_MAX, true))),
    ...tryProofs(flow.tuners, (path) => read(path, LOAD_BYTES_MAX)),
  ];
}

/** The configuration, or `config_invalid` with the first problem in its message. */
export function requireConfig(result: LoadResult): Config {
  if (result.ok) return result.config;
  const [first] = result.problems;
  const more = result.problems.length > 1 ? ` (and ${result.problems.length - 1} more)` : '';
  const where = first === undefined ? result.file : `${result.file}:${first.line}:${first.column}`;
  throw new AtpError(
    'config_invalid',
    `${where}: ${first?.message ?? 'not valid'}${more}. Run "atp config check" for all.`,
    {
      ...(first === undefined ? {} : { param: first.path }),
      details: { file: result.file, problems: result.problems.length },
    },
  );
}

/** The file system behind `loadConfig`. */
export function readTextFile(path: string, max_bytes: number, lenient: boolean = false): ReadResult {
  let handle: number | undefined;
  try {
    handle = openSync(path, 'r');
    // A device or pipe could block for ever or never end.
    if (!fstatSync(handle).isFile()) return { ok: false, reason: 'it is not a regular file' };
    const bytes = readBounded(handle, max_bytes);
    if (bytes === undefined) return { ok: false, reason: `it is larger than ${max_bytes} bytes` };
    return { ok: true, text: new TextDecoder('utf-8', { fatal: !lenient }).decode(bytes) };
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** Reads to the end, because the size that the system names may be wrong by the time of the read. */
function readBounded(handle: number, max_bytes: number): Uint8Array | undefined {
  const buffer = new Uint8Array(Math.min(fstatSync(handle).size, max_bytes) + 1);
  let length = 0;
  while (length < buffer.length) {
    const count = readSync(handle, buffer, length, buffer.length - length, null);
    if (count === 0) return length > max_bytes ? undefined : buffer.subarray(0, length);
    length += count;
  }
  return undefined;
}

function reasonOf(error: unknown): string {
  if (error instanceof TypeError) return 'it is not UTF-8 text';
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'permission denied';
  return typeof code === 'string' ? code : 'unknown error';
}
