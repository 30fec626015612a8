import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { CliError, EXIT } from './exit.ts';
import type { Terminal } from './terminal.ts';

/** Text of a file that the user names; `-` is standard input. */
export async function readText(file: string, terminal: Terminal): Promise<string> {
  if (file === '-') return terminal.readStdin();
  return orSay(file, () => readFileSync(resolve(terminal.cwd, file), 'utf8'));
}

/** As much as standard input may be. */
const FILE_BYTES_MAX = 33_554_432;

/** Bytes of a file that the user names; `-` is standard input. */
export async function readBytes(file: string, terminal: Terminal): Promise<Uint8Array> {
  if (file === '-') return terminal.readStdinBytes();
  const path = resolve(terminal.cwd, file);
  return orSay(file, () => {
    if (statSync(path).size > FILE_BYTES_MAX) {
      throw new CliError(EXIT.usage, `${file} is larger than ${FILE_BYTES_MAX} bytes.`);
    }
    return readFileSync(path);
  });
}

function orSay<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof CliError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown reason';
    throw new CliError(
      EXIT.usage,
      code === 'ENOENT' ? `there is no file ${file}.` : `${file} cannot be read: ${code}.`,
    );
  }
}
