import {
  COMPATIBILITY,
  type Change,
  compareTables,
  compatibilityOf,
  type FieldTables,
  fieldTables,
  isBreaking,
  readFieldTables,
  TablesError,
  upgradeChecklist,
  type Verdict,
} from '@atp-router/wire/tools';
import type { Cli } from '../commands/context.ts';
import { CliError, EXIT } from '../exit.ts';
import { json } from '../print/table.ts';
import { printable } from '../print/text.ts';
import { readText } from '../read-file.ts';
import { readVersion } from '../version.ts';

export interface CompatOptions {
  readonly json?: boolean;
  readonly checklist?: boolean;
}

/** Says how two editions of the wire go together; 1 when they do not read all of each other. */
export async function compat(cli: Cli, old: string, now: string | undefined, options: CompatOptions): Promise<void> {
  const before = await tablesOf(cli, old);
  const after = now === undefined ? fieldTables() : await tablesOf(cli, now);
  const changes = compareTables(before, after);
  const compatibility = compatibilityOf(changes);
  const names = [old, now ?? `atp ${readVersion()}`] as const;
  if (options.json === true) {
    const marked = changes.map((change) => ({ breaking: isBreaking(change), ...change }));
    cli.terminal.out(json({ compatibility, old: names[0], new: names[1], changes: marked }));
  } else if (options.checklist === true) {
    cli.terminal.out(upgradeChecklist(changes, ...names));
  } else {
    cli.terminal.out(`${changes.map(changeText).join('')}${COMPATIBILITY[compatibility]}\n`);
  }
  if (changes.some(isBreaking)) cli.exit(EXIT.failed);
}

async function tablesOf(cli: Cli, file: string): Promise<FieldTables> {
  const text = await readText(file, cli.terminal);
  try {
    return readFieldTables(text);
  } catch (error) {
    if (!(error instanceof TablesError)) throw error;
    throw new CliError(EXIT.usage, `${file} is no description of frames (fields.json): ${printable(error.message)}.`);
  }
}

function changeText(change: Change): string {
  const { path, what, old_reader, new_reader } = change;
  const word = isBreaking(change) ? 'BREAKING' : 'compatible';
  const head = `${word}  ${printable(path)}: ${printable(what)}\n`;
  return `${head}${sideText('old reader', old_reader)}${sideText('new reader', new_reader)}`;
}

function sideText(who: string, { compatible, reason, sentence }: Verdict): string {
  return `  ${who}: ${compatible ? 'reads it' : 'breaks'}: ${printable(reason)} (${sentence})\n`;
}
