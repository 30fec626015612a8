import { type Load, LoadError, readLoad } from '@atp-router/flow/tune';
import { CliError, EXIT } from '../exit.ts';
import { printable } from '../print/text.ts';
import { readBytes } from '../read-file.ts';
import type { Terminal } from '../terminal.ts';

/** Text of a load that the user names. */
export async function loadText(file: string, terminal: Terminal): Promise<string> {
  return new TextDecoder().decode(await readBytes(file, terminal));
}

export async function loadOf(file: string, terminal: Terminal): Promise<Load> {
  try {
    return readLoad(await loadText(file, terminal));
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    const name = file === '-' ? 'standard input' : file;
    throw new CliError(EXIT.usage, `${printable(name)} is no load: ${printable(error.message)}.`);
  }
}
