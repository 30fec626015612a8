import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CliError, EXIT } from '../exit.ts';
import { printable } from '../print/text.ts';
import type { Terminal } from '../terminal.ts';

/** Bytes of a diff with whole files; more is no change that anybody reviews at once. */
const DIFF_BYTES_MAX = 67_108_864;
const SMALL_BYTES_MAX = 1_048_576;
/** A repository can keep git busy: expressions, pipes in place of files. */
const TIMEOUT_MS = 300_000;
/** Lines around a change: the whole file comes with it, so that nothing has to be read from the disk beside git. */
const WHOLE_FILE_LINES = 100_000_000;
const FILTERS_MAX = 1_000;

/**
 * The repository may be anybody's, and its `.git/config` may name programs. None is run: no pager, hook, watcher of files,
 * external diff, conversion to text, filter, transport to a remote, and no look into submodules, whose settings are their own.
 */
const SAFE: readonly string[] = [
  '--no-pager',
  '--no-optional-locks',
  '--no-replace-objects',
  ...[
    'core.bigFileThreshold=512m',
    'core.fsmonitor=false',
    'core.hooksPath=/dev/null',
    'core.pager=cat',
    'core.quotePath=true',
    'core.sshCommand=false',
    'diff.external=',
    'diff.ignoreSubmodules=dirty',
    'protocol.allow=never',
    'submodule.recurse=false',
  ].flatMap((setting) => ['-c', setting]),
];

const DIFF: readonly string[] = [
  'diff',
  '--no-ext-diff',
  '--no-textconv',
  '--no-color',
  '--no-relative',
  // Cancels `diff.orderFile`, see git-diff(1).
  '-O/dev/null',
  '--ignore-submodules=dirty',
  '--submodule=short',
  '--src-prefix=a/',
  '--dst-prefix=b/',
  '--full-index',
  '--find-renames',
  '--diff-algorithm=histogram',
  '--inter-hunk-context=0',
  `--unified=${WHOLE_FILE_LINES}`,
];

/** What is reviewed, and the diff of it with whole files as context. */
export interface GitDiff {
  /** In words: `working tree against HEAD`, `main...topic`. */
  readonly range: string;
  readonly text: string;
  /** The same of one file, whatever it is said to be; undefined when it is too large for that. */
  asText(path: string): Promise<string | undefined>;
}

/**
 * The diff of a range: none is the working tree and index against HEAD, `A..B` and `A...B` are as in git, anything else is one
 * commit against its first parent. `paths` are pathspecs of git, from the folder where the command runs.
 */
export async function readDiff(
  range: string | undefined,
  paths: readonly string[],
  terminal: Terminal,
): Promise<GitDiff> {
  const git = await Git.open(terminal);
  const ends = await endsOf(git, range);
  const text = await git.run(
    [...DIFF, ...ends.revisions, '--', ...paths],
    DIFF_BYTES_MAX,
    'name less with --paths, or review a shorter range.',
  );
  const asText = (path: string): Promise<string | undefined> =>
    git
      .run([...DIFF, '--text', ...ends.revisions, '--', `:(top,literal)${path}`], SMALL_BYTES_MAX)
      .catch(() => undefined);
  return { range: ends.words, text, asText };
}

/** `diff` takes it for a commit without files; its name depends on the kind of hash. */
const emptyTree = (git: Git): Promise<string> => git.line(['hash-object', '-t', 'tree', '--stdin']);

async function endsOf(
  git: Git,
  range: string | undefined,
): Promise<{ readonly revisions: readonly string[]; readonly words: string }> {
  if (range === undefined) {
    const head = (await git.commit('HEAD')) ?? (await emptyTree(git));
    return { revisions: [head], words: 'working tree and index against HEAD' };
  }
  const match = /^(.*?)(\.{2,3})(.*)$/s.exec(range);
  if (match === null) {
    const commit = await known(git, range);
    const parent = (await git.commit(`${commit}^1`)) ?? (await emptyTree(git));
    return { revisions: [parent, commit], words: `commit ${range}` };
  }
  const [, first = '', dots, second = ''] = match;
  const from = await known(git, first === '' ? 'HEAD' : first);
  const to = await known(git, second === '' ? 'HEAD' : second);
  if (dots === '..') return { revisions: [from, to], words: range };
  const base = (await git.line(['merge-base', from, to]).catch(() => undefined)) ?? '';
  if (base === '') throw new CliError(EXIT.usage, `${printable(range)}: the two have no commit in common.`);
  return { revisions: [base, to], words: range };
}

async function known(git: Git, name: string): Promise<string> {
  const commit = await git.commit(name);
  if (commit !== undefined) return commit;
  throw new CliError(EXIT.usage, `git knows no commit "${printable(name)}". Give A..B, A...B or a commit.`);
}

/** Git in the folder of the terminal, with nothing of what the repository would have it run. */
class Git {
  readonly #terminal: Terminal;
  readonly #settings: readonly string[];

  private constructor(terminal: Terminal, settings: readonly string[]) {
    this.#terminal = terminal;
    this.#settings = settings;
  }

  static async open(terminal: Terminal): Promise<Git> {
    const plain = new Git(terminal, SAFE);
    const top = await plain.line(['rev-parse', '--show-toplevel']).catch((error: unknown) => {
      throw new CliError(EXIT.usage, `there is no repository of git to review here: ${reasonOf(error)}`, error);
    });
    // `core.worktree` of a hostile repository could have any folder of this machine compared, and sent away.
    if (!existsSync(join(top, '.git'))) {
      throw new CliError(
        EXIT.usage,
        `the working tree of this repository is said to be ${printable(top)}, which is none.`,
      );
    }
    return new Git(terminal, [...SAFE, ...(await plain.#withoutFilters())]);
  }

  /** The full name of a commit; undefined when there is none of that name. */
  async commit(name: string): Promise<string | undefined> {
    if (name === '' || name.startsWith('-') || name.length > 1_024 || name.includes('\0')) return undefined;
    const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`];
    return this.line(args).catch(() => undefined);
  }

  async line(args: readonly string[]): Promise<string> {
    return (await this.run(args, SMALL_BYTES_MAX)).replace(/\n$/, '');
  }

  run(args: readonly string[], bytes_max: number, advice = ''): Promise<string> {
    return output([...this.#settings, ...args], this.#terminal, bytes_max, advice);
  }

  /** A filter of the repository would be run on each changed file of the working tree. An empty one is none. */
  async #withoutFilters(): Promise<readonly string[]> {
    const listed = await this.run(['config', '--list', '--name-only', '-z', '--includes'], SMALL_BYTES_MAX);
    const names = new Set<string>();
    for (const key of listed.split('\0')) {
      const name = /^filter\.(.+)\.[^.]+$/s.exec(key)?.[1];
      if (name !== undefined) names.add(name);
    }
    // One with `=` in its name cannot be set from here.
    const odd = [...names].find((name) => name.includes('='));
    if (odd !== undefined || names.size > FILTERS_MAX) {
      throw new CliError(
        EXIT.usage,
        `this repository has filters of git that cannot be turned off; review a clone of it.`,
      );
    }
    return [...names].flatMap((name) => [
      ...['-c', `filter.${name}.clean=`, '-c', `filter.${name}.smudge=`, '-c', `filter.${name}.process=`],
      ...['-c', `filter.${name}.required=false`],
    ]);
  }
}

/** Variables by which git finds its programs, its user's settings and temporary folders. `GIT_*` of a shell are left out. */
const KEPT: readonly string[] = ['PATH', 'HOME', 'USERPROFILE', 'XDG_CONFIG_HOME', 'TMPDIR', 'TEMP', 'SystemRoot'];

function environment(terminal: Terminal): Record<string, string> {
  const kept = KEPT.flatMap((name): [string, string][] => {
    const value = terminal.env[name] ?? (name === 'PATH' ? process.env['PATH'] : undefined);
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...Object.fromEntries(kept),
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_LAZY_FETCH: '1',
  };
}

/** Standard output of git as text; bytes that are no UTF-8 become U+FFFD. */
function output(args: readonly string[], terminal: Terminal, bytes_max: number, advice: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, {
      cwd: terminal.cwd,
      env: environment(terminal),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
    });
    const pieces: Buffer[] = [];
    let [bytes, said] = [0, ''];
    child.stdout.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (bytes <= bytes_max) pieces.push(piece);
      else child.kill();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(0, 2_000);
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'ENOENT' ? 'there is no program "git" on the PATH.' : `git cannot be run: ${error.code}.`;
      reject(new CliError(EXIT.usage, why, error));
    });
    child.on('close', (code) => {
      if (bytes > bytes_max) reject(new CliError(EXIT.usage, `the diff has more than ${bytes_max} bytes: ${advice}`));
      else if (code === 0) resolve(Buffer.concat(pieces).toString('utf8'));
      else reject(new CliError(EXIT.usage, `git failed: ${printable(said.trim())}`));
    });
  });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
