import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { LedgerStore } from '@atp-router/adapters';
import type { Command } from 'commander';
import { CliError, EXIT } from '../exit.ts';
import { table } from '../print/table.ts';
import { count, printable } from '../print/text.ts';
import { findConfig } from '../serve/find-config.ts';
import { type Cli, folder, show } from './context.ts';

interface JournalOptions {
  readonly json?: boolean;
}

interface RebuildOptions extends JournalOptions {
  readonly config?: string;
}

export function addJournal(program: Command, cli: Cli): void {
  const journal = program.command('journal').description('the journal of record on disk');
  journal
    .command('verify')
    .argument('<dir>', 'data directory of a router, or the folder of its journal', folder)
    .description('check every block of the journal in a data directory; writes nothing')
    .option('--json', 'as JSON')
    .action((dir: string, options: JournalOptions) => verify(cli, dir, options));
  journal
    .command('rebuild')
    .argument('<dir>', 'data directory of a router', folder)
    .description('make the tables of a data directory anew from its journal; no router may be running on it')
    .option('--config <file>', 'configuration that says where the tables are, when not in the directory')
    .option('--json', 'as JSON')
    .action((dir: string, options: RebuildOptions) => rebuild(cli, dir, options));
}

async function rebuild(cli: Cli, dir: string, options: RebuildOptions): Promise<void> {
  const data_dir = folderOf(cli, dir);
  const store = options.config === undefined ? undefined : await storeOf(cli, options.config);
  const { rebuildTables } = await import('@atp-router/adapters/journal');
  const report = await rebuildTables({ data_dir, ...(store === undefined ? {} : { store }) });
  const { files, epoch, seq } = report;
  show(
    cli,
    options,
    report,
    () => `The tables hold the journal: ${count(files, 'file')}, up to record ${epoch}/${seq}.\n`,
  );
}

/** Undefined means the embedded database of the data directory. */
async function storeOf(cli: Cli, file: string): Promise<LedgerStore | undefined> {
  const { config } = await findConfig(file, cli.terminal);
  const { type, url } = config.store;
  return type === 'postgres' && url !== undefined ? { type, url } : undefined;
}

async function verify(cli: Cli, dir: string, options: JournalOptions): Promise<void> {
  const folder = journalFolder(folderOf(cli, dir));
  const { verifyJournal } = await import('@atp-router/adapters/journal');
  const report = verifyJournal(folder);
  show(cli, options, report, () => reportText(report));
  if (!report.ok) cli.exit(EXIT.failed);
}

/** A folder that the user named. */
function folderOf(cli: Cli, dir: string): string {
  const path = resolve(cli.terminal.cwd, dir);
  const fault = whyNoFolder(path);
  if (fault !== undefined) throw new CliError(EXIT.usage, `${dir} ${fault}. Name the data directory of a router.`);
  return path;
}

function whyNoFolder(path: string): string | undefined {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat === undefined ? 'does not exist' : stat.isDirectory() ? undefined : 'is not a folder';
  } catch {
    // It may not be looked at: whoever reads it says so.
    return undefined;
  }
}

/** A data directory, or the journal folder inside it. */
function journalFolder(dir: string): string {
  const inside = join(dir, 'journal');
  return existsSync(inside) ? inside : dir;
}

type Report = ReturnType<typeof import('@atp-router/adapters/journal')['verifyJournal']>;

function reportText(report: Report): string {
  const files = report.files.map((file) => ({ ...file, chain: file.chain.slice(0, 16) }));
  const problems = report.problems.map(
    ({ file, offset, seq, reason }) => `${file}: byte ${offset}, record ${seq}: ${printable(reason)}\n`,
  );
  const torn =
    report.torn === undefined
      ? ''
      : `${report.torn.file}: the last ${report.torn.bytes} bytes are an unfinished write; the next start cuts them off.\n`;
  const verdict = report.ok ? 'The journal is sound' : `${count(problems.length, 'problem')} in the journal`;
  return [
    table(files, [
      ['EPOCH', 'epoch'],
      ['BYTES', 'bytes'],
      ['BLOCKS', 'blocks'],
      ['RECORDS', 'records'],
      ['CHAIN', 'chain'],
    ]),
    ...problems,
    torn,
    `${verdict}: ${count(report.calls_opened, 'call')} opened, ${report.calls_ended} ended.\n`,
  ].join('');
}
