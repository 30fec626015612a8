import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CliError, EXIT } from './exit.ts';
import type { Terminal } from './terminal.ts';

/** Text of a file that the user names; `-` is standard input. */
export async function readText(file: string, terminal: Terminal): Promise<string> {
  if (file === '-') return terminal.readStdin();
  try {
    return readFileSync(resolve(terminal.cwd, file), 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown reason';
    throw new CliError(
      EXIT.usage,
      code === 'ENOENT' ? `there is no file ${file}.` : `${file} cannot be read: ${code}.`,
    );
  }
}
