import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Config, LoadResult, ValueSources } from '@atp-router/adapters';
import { CliError, EXIT } from '../exit.ts';
import { type Terminal, wantsColor } from '../terminal.ts';

/** Where the configuration came from, and what it says. */
export type FoundConfig =
  | {
      readonly kind: 'file';
      /** As the user named it. */
      readonly file: string;
      readonly config: Config;
      /** Reads and checks the file anew. */
      readonly load: () => LoadResult;
    }
  | {
      readonly kind: 'discovered';
      readonly config: Config;
      /** What was found, one sentence each. */
      readonly notes: readonly string[];
      /** Nothing was found that can chat, and simulated models do it instead. */
      readonly simulated: boolean;
    };

const DEFAULT_FILE = 'atp.yaml';

/** A local server answers in a few milliseconds; whoever has none should not wait for it. */
const OLLAMA_TIMEOUT_MS = 300;

/** What the configuration is for. Only a listener needs the certificate and key that it names. */
export type Purpose = 'listen' | 'look';

/** The file that was named, else `atp.yaml` of this folder, else what the environment offers. */
export async function findConfig(
  file: string | undefined,
  terminal: Terminal,
  purpose: Purpose = 'look',
): Promise<FoundConfig> {
  const name = file ?? (existsSync(join(terminal.cwd, DEFAULT_FILE)) ? DEFAULT_FILE : undefined);
  return name === undefined ? discover(terminal) : read(name, terminal, purpose);
}

async function read(file: string, terminal: Terminal, purpose: Purpose): Promise<FoundConfig> {
  const { formatProblems, loadConfig } = await import('@atp-router/adapters');
  const path = resolve(terminal.cwd, file);
  const load = (): LoadResult => loadConfig(path, terminal.env, { listens: purpose === 'listen' });
  const result = load();
  if (result.ok) return { kind: 'file', file, config: result.config, load };
  const color = wantsColor(terminal, terminal.err_is_tty);
  const problems = formatProblems(result.problems, { file, text: result.text, color });
  throw new CliError(EXIT.config, `the configuration cannot be used.\n\n${problems.trimEnd()}`);
}

async function discover(terminal: Terminal): Promise<FoundConfig> {
  const { discoverConfig, ollamaUrl, probeOllama } = await import('@atp-router/adapters');
  const ollama = await probeOllama(ollamaUrl(terminal.env['OLLAMA_HOST']), { timeout_ms: OLLAMA_TIMEOUT_MS });
  return { kind: 'discovered', ...discoverConfig(terminal.env, ollama, terminal.cwd) };
}

/** As large as a secret from a file may be. */
const SECRET_BYTES_MAX = 65_536;

/** Where references of entities come from that are made through the admin API: as in the file. */
export async function sourcesOf(found: FoundConfig, terminal: Terminal): Promise<ValueSources> {
  const { readTextFile } = await import('@atp-router/adapters');
  const base = found.kind === 'file' ? dirname(resolve(terminal.cwd, found.file)) : terminal.cwd;
  return {
    env: (name) => (Object.hasOwn(terminal.env, name) ? terminal.env[name] : undefined),
    file: (path) => {
      const content = readTextFile(isAbsolute(path) ? path : resolve(base, path), SECRET_BYTES_MAX);
      return content.ok ? content.text : undefined;
    },
  };
}
