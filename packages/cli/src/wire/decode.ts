import { encodeCbor, type Frame, hasMore, isFragment, laneOf } from '@atp-router/wire';
import { toHex } from '@atp-router/wire/tools';
import type { Cli } from '../commands/context.ts';
import { EXIT } from '../exit.ts';
import { printable } from '../print/text.ts';
import { readBytes } from '../read-file.ts';
import { type Form, type Given, givenFrames, jsonOf, safeJson, SHOWN } from './input.ts';

export interface DecodeOptions {
  readonly json?: boolean;
  readonly form: Form;
  readonly canonical?: boolean;
}

/** Prints what frames say, or why they are none; 1 when any is none. */
export async function decode(cli: Cli, file: string, options: DecodeOptions): Promise<void> {
  const given = givenFrames(await readBytes(file, cli.terminal), options.form, file === '-' ? 'the input' : file);
  for (const [i, one] of given.entries()) {
    const text = options.json === true ? `${safeJson(rowOf(one, options))}\n` : shownText(one, i + 1, options);
    cli.terminal.out(text);
  }
  if (given.some((one) => 'error' in one)) cli.exit(EXIT.failed);
}

function rowOf(one: Given, { canonical }: DecodeOptions): object {
  const { encoding, bytes, stream_offset } = one;
  const head = { encoding, bytes: bytes.length, ...(stream_offset !== undefined && { stream_offset }) };
  if ('error' in one) {
    const { fault, message, offset, path } = one.error;
    return { ...head, fault, reason: message, ...(offset !== undefined && { offset }), ...(path && { path }) };
  }
  const { frame } = one;
  return {
    ...head,
    lane: laneOf(frame),
    fragment: isFragment(frame),
    ...(canonical && { canonical_hex: toHex(encodeCbor(frame, SHOWN)) }),
    frame: jsonOf(frame),
  };
}

function shownText(one: Given, number: number, { canonical }: DecodeOptions): string {
  const { encoding, bytes, stream_offset } = one;
  const at = stream_offset === undefined ? '' : ` at byte ${stream_offset} of the stream`;
  const head = `frame ${number}: ${encoding}, ${bytes.length} bytes${at}`;
  if ('error' in one) return `${head}: ${one.error.message}\n`;
  const { frame } = one;
  const hex = canonical ? `canonical ${toHex(encodeCbor(frame, SHOWN))}\n` : '';
  return `${head}; ${placeOf(frame)}\n${safeJson(jsonOf(frame), 2)}\n${hex}`;
}

function placeOf(frame: Frame): string {
  const { stream_id, persona_id, clone_id } = laneOf(frame);
  const within = persona_id === '' && clone_id === '' ? '' : `, ${persona_id || '-'}/${clone_id || '-'}`;
  const fragment = isFragment(frame) ? `, fragment ${frame.frag_seq ?? 0}${hasMore(frame) ? '' : ', the last'}` : '';
  return `message ${frame.msg_seq} of stream ${printable(`${stream_id}${within}`)}${fragment}`;
}
