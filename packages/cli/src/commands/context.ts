import { type Command, InvalidArgumentError } from 'commander';
import type { ExitCode } from '../exit.ts';
import { json } from '../print/table.ts';
import type { Terminal } from '../terminal.ts';

/** What every command gets. */
export interface Cli {
  readonly terminal: Terminal;
  /** Sets the exit code of a command that ran to its end; 0 otherwise. */
  exit(code: ExitCode): void;
}

/** Adds the options of commands that ask a running router. */
export function online(command: Command): Command {
  return command
    .option('--url <url>', 'address of the router (ATP_URL, else http://127.0.0.1:7443)')
    .option('--admin-key <key>', 'admin key (ATP_ADMIN_KEY, else admin.key of the data directory)')
    .option('--data-dir <dir>', 'data directory of a router on this machine (ATP_DATA_DIR, else ./.atp)', folder)
    .option('--json', 'as JSON');
}

/** Prints an answer as JSON, or for people. */
export function show(cli: Cli, options: { readonly json?: boolean }, answer: unknown, text: () => string): void {
  cli.terminal.out(options.json === true ? json(answer) : text());
}

export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be an integer from ${min} to ${max}.`);
  };
}

/** As long as `data_dir` may be in the file. */
const FOLDER_CHARS_MAX = 4_096;

/** What is empty, as a variable that is not set, would be the working directory, and secrets would be put there. */
export function folder(text: string): string {
  if (text.trim() !== '' && text.length <= FOLDER_CHARS_MAX && !text.includes('\0')) return text;
  throw new InvalidArgumentError('It must be the name of a folder; the one you are in is ".".');
}

export function day(text: string): string {
  if (/^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))) return text;
  throw new InvalidArgumentError('It must be a day as YYYY-MM-DD.');
}

/** A path of the admin API from parts that may hold anything. */
export function adminPath(...parts: readonly string[]): string {
  return `/admin/v1/${parts.map(encodeURIComponent).join('/')}`;
}
