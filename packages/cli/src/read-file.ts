import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { CliError, EXIT } from './exit.ts';
import { INPUT_BYTES_MAX, type Terminal } from './terminal.ts';

/** Text of a file that the user names; `-` is standard input. */
export async function readText(file: string, terminal: Terminal): Promise<string> {
  if (file === '-') return terminal.readStdin();
  return orSay(file, () => readFileSync(resolve(terminal.cwd, file), 'utf8'));
}

/** Bytes of a file that the user names, as many as standard input may have; `-` is that. */
export async function readBytes(file: string, terminal: Terminal): Promise<Uint8Array> {
  if (file === '-') return terminal.readStdinBytes();
  const path = resolve(terminal.cwd, file);
  return orSay(file, () => {
    if (statSync(path).size > INPUT_BYTES_MAX) {
      throw new CliError(EXIT.usage, `${file} is larger than ${INPUT_BYTES_MAX} bytes.`);
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
