import { canonicalJson, encodeCbor, encodeJson, encodeRecord, type Frame, isFrameError } from '@atp-router/wire';
import { toHex } from '@atp-router/wire/tools';
import type { Cli } from '../commands/context.ts';
import { CliError, EXIT } from '../exit.ts';
import { readBytes } from '../read-file.ts';
import { type Form, givenFrames, jsonOf, readableFrames, safeJson } from './input.ts';

export const TARGETS = ['cbor', 'json', 'canonical'] as const;
export const SPELLINGS = ['hex', 'base64', 'raw'] as const;

/** How frames are written. */
export interface OutputOptions {
  readonly json?: boolean;
  /** `canonical` is canonical JSON (W48); the canonical form of the protocol is its CBOR. */
  readonly to: (typeof TARGETS)[number];
  /** Default: CBOR in hex, JSON as it is. */
  readonly as?: (typeof SPELLINGS)[number];
  /** Each behind its length (W24). */
  readonly record?: boolean;
}

export interface EncodeOptions extends OutputOptions {
  readonly form: Form;
}

export async function encode(cli: Cli, file: string, options: EncodeOptions): Promise<void> {
  const name = file === '-' ? 'the input' : file;
  const given = givenFrames(await readBytes(file, cli.terminal), options.form, name);
  write(cli, readableFrames(given, name), options);
}

/** Prints frames in an encoding and a spelling, one a line where that is text. */
export function write(cli: Cli, frames: readonly Frame[], options: OutputOptions): void {
  const pieces = frames.map((frame) => {
    const bytes = bytesOf(frame, options.to);
    return options.record ? encodeRecord(bytes) : bytes;
  });
  if (options.json === true) {
    for (const [i, frame] of frames.entries()) cli.terminal.out(`${safeJson(rowOf(frame, pieces[i], options))}\n`);
    return;
  }
  const is_binary = options.to === 'cbor' || options.record === true;
  const spelling = options.as ?? (is_binary ? 'hex' : undefined);
  if (spelling === 'raw') writeRaw(cli, pieces, is_binary, options.record ?? false);
  else for (const bytes of pieces) cli.terminal.out(`${spelled(cli, bytes, spelling)}\n`);
}

function rowOf(frame: Frame, bytes: Uint8Array = new Uint8Array(0), { to }: OutputOptions): object {
  return { encoding: to, bytes: bytes.length, hex: toHex(bytes), frame: jsonOf(frame) };
}

function bytesOf(frame: Frame, to: OutputOptions['to']): Uint8Array {
  try {
    if (to === 'cbor') return encodeCbor(frame);
    // Judged as a frame either way: canonical JSON by itself takes any value.
    const text = encodeJson(frame);
    return Buffer.from(to === 'json' ? text : canonicalJson(frame), 'utf8');
  } catch (error) {
    if (isFrameError(error)) throw new CliError(EXIT.failed, `the frame cannot be written as ${to}: ${error.message}.`);
    throw error;
  }
}

function spelled(cli: Cli, bytes: Uint8Array, spelling: 'hex' | 'base64' | undefined): string {
  if (spelling === 'hex') return toHex(bytes);
  const buffer = Buffer.from(bytes);
  if (spelling === 'base64') return buffer.toString('base64');
  const text = buffer.toString('utf8');
  assertPrintable(cli, text);
  return text;
}

function writeRaw(cli: Cli, pieces: readonly Uint8Array[], is_binary: boolean, is_record: boolean): void {
  if (is_binary && cli.terminal.out_is_tty) {
    throw new CliError(EXIT.usage, 'raw bytes are not written to a terminal. Redirect them, or use --as hex.');
  }
  if (pieces.length > 1 && !is_record) {
    throw new CliError(EXIT.usage, 'several frames in a row cannot be told apart as raw bytes. Use --record.');
  }
  for (const bytes of pieces) {
    if (!is_binary) assertPrintable(cli, Buffer.from(bytes).toString('utf8'));
    cli.terminal.outBytes(bytes);
  }
}

/** JSON may hold what a terminal obeys, and written otherwise it would be other bytes. */
function assertPrintable({ terminal }: Cli, text: string): void {
  if (!terminal.out_is_tty || !/[\u007f-\u009f\u2028\u2029]|\p{Cf}/u.test(text)) return;
  throw new CliError(EXIT.usage, 'the text holds characters that a terminal obeys. Redirect it, or use --as hex.');
}
