import { type ManifestFile, MANIFEST_BYTES_MAX, readManifest } from '@atp-router/routing';
import { CliError, EXIT } from '../exit.ts';
import { readBytes } from '../read-file.ts';
import type { Terminal } from '../terminal.ts';
import { jsonDoubt } from './strict-json.ts';

/** Reads a manifest that somebody else may have written. Throws `CliError` with what is wrong, where, and what to do. */
export async function readManifestFile(file: string, terminal: Terminal): Promise<ManifestFile> {
  const bytes = await readBytes(file, terminal);
  const refuse = (why: string): CliError => new CliError(EXIT.failed, `${file} is no manifest: ${why}.`);
  if (bytes.length > MANIFEST_BYTES_MAX) {
    throw refuse(`it has ${bytes.length} bytes, at most ${MANIFEST_BYTES_MAX}; leave out what is no fact of the model`);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refuse('it is not UTF-8');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const where = /at position \d+/.exec(error instanceof Error ? error.message : '')?.[0] ?? 'at its end';
    throw refuse(`it is not JSON, ${where}`);
  }
  const doubt = jsonDoubt(text);
  if (doubt !== undefined) throw refuse(doubt);
  const read = readManifest(value);
  if (!read.ok) throw refuse(`\n  ${read.complaints.join('\n  ')}`);
  return read.file;
}
