import { createReadStream } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip } from 'node:zlib';
import { CliError, EXIT } from '../exit.ts';
import { printable } from '../print/text.ts';

/** A prompt with the answers of 64 models; more is no line of such a file. */
const LINE_CHARS_MAX = 4_194_304;

/** A file of a data set that cannot be used: where, and why. */
export function unusable(file: string, why: string): CliError {
  return new CliError(EXIT.usage, `${printable(file)}: ${printable(why)}`);
}

/** Lines of a gzip file with their numbers, from 1; one is held at a time. */
export async function* lines(file: string): AsyncGenerator<readonly [text: string, number: number]> {
  const source = createReadStream(file);
  const gunzip = createGunzip();
  source.on('error', (error) => gunzip.destroy(error));
  const decoder = new StringDecoder('utf8');
  let [rest, number] = ['', 0];
  try {
    for await (const chunk of source.pipe(gunzip)) {
      const pieces = (rest + decoder.write(chunk as Buffer)).split('\n');
      rest = pieces.pop() ?? '';
      for (const piece of pieces) {
        number += 1;
        yield [piece.endsWith('\r') ? piece.slice(0, -1) : piece, number];
      }
      if (rest.length > LINE_CHARS_MAX)
        throw unusable(file, `line ${number + 1} is longer than ${LINE_CHARS_MAX} characters.`);
    }
    rest += decoder.end();
    if (rest !== '') yield [rest, number + 1];
  } catch (error) {
    throw asCliError(file, error);
  } finally {
    source.destroy();
  }
}

/** What went wrong while a file was read, as the user is told. */
export function asCliError(file: string, error: unknown): CliError {
  if (error instanceof CliError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown reason';
  if (code === 'ENOENT') return new CliError(EXIT.usage, `there is no file ${printable(file)}.`);
  if (code.startsWith('Z_'))
    return unusable(file, 'it is no whole gzip file. Compress it with gzip, or fetch it again.');
  return unusable(file, `it cannot be read: ${code}.`);
}
