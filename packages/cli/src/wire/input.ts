import {
  decodeCbor,
  decodeJson,
  encodeJson,
  type Frame,
  type FrameError,
  isFrameError,
  StreamDecoder,
  WIRE_LIMITS,
  type WireLimits,
} from '@atp-router/wire';
import { CliError, EXIT } from '../exit.ts';

/** How frames may be handed in; `auto` finds out. */
export const FORMS = ['auto', 'json', 'cbor', 'hex', 'base64', 'stream'] as const;
export type Form = (typeof FORMS)[number];

/** One frame that was handed in, or what was handed in for one. */
export type Given = {
  readonly encoding: 'json' | 'cbor';
  readonly bytes: Uint8Array;
  /** Byte of the stream at which its record begins; absent for a frame by itself. */
  readonly stream_offset?: number;
} & ({ readonly frame: Frame } | { readonly error: FrameError });

const STREAM_START = 0;
const UTF8 = new TextDecoder();

/** Reads frames in any form. Faults of frames are in the result; throws when there is nothing, or nothing of that form. */
export function givenFrames(bytes: Uint8Array, form: Form, name: string): readonly Given[] {
  if (bytes.length === 0) throw new CliError(EXIT.usage, `${name} is empty.`);
  switch (form) {
    case 'auto':
      return anyForm(bytes);
    case 'json':
      return [read('json', bytes)];
    case 'cbor':
      return [read('cbor', bytes)];
    case 'stream':
      return streamed(bytes);
    case 'hex':
    case 'base64': {
      const plain = form === 'hex' ? fromHexText(textOf(bytes)) : fromBase64Text(textOf(bytes));
      if (plain === undefined || plain.length === 0) throw new CliError(EXIT.usage, `${name} is not ${form}.`);
      return unwrapped(plain);
    }
  }
}

/** The frames, when all of them can be read: for commands that do something with them. */
export function readableFrames(given: readonly Given[], name: string): readonly Frame[] {
  return given.map((one, i) => {
    if ('frame' in one) return one.frame;
    throw new CliError(EXIT.failed, `frame ${i + 1} of ${name} cannot be read: ${one.error.message}.`);
  });
}

function anyForm(bytes: Uint8Array): readonly Given[] {
  const first = bytes[0] as number;
  if (first === STREAM_START || isCborMap(first)) return unwrapped(bytes);
  const text = textOf(bytes);
  if (/^[ \t\r\n]*\{/.test(text)) return [read('json', bytes)];
  const plain = fromHexText(text) ?? fromBase64Text(text);
  return plain === undefined || plain.length === 0 ? [read('json', bytes)] : unwrapped(plain);
}

/** Bytes as they go over a connection: the first one tells what they are (W23, W24). */
function unwrapped(bytes: Uint8Array): readonly Given[] {
  const first = bytes[0] as number;
  if (first === STREAM_START) return streamed(bytes);
  return [read(isCborMap(first) ? 'cbor' : 'json', bytes)];
}

function isCborMap(first: number): boolean {
  return first >>> 5 === 5;
}

function read(encoding: Given['encoding'], bytes: Uint8Array): Given {
  try {
    return { encoding, bytes, frame: encoding === 'cbor' ? decodeCbor(bytes) : decodeJson(bytes) };
  } catch (error) {
    if (isFrameError(error)) return { encoding, bytes, error };
    throw error;
  }
}

function streamed(bytes: Uint8Array): readonly Given[] {
  const decoder = new StreamDecoder();
  const given: Given[] = [];
  const rest = (error: FrameError): Given => {
    const offset = error.offset ?? 0;
    return { encoding: 'cbor', bytes: bytes.subarray(offset), stream_offset: offset, error };
  };
  try {
    for (const record of decoder.decode(bytes)) {
      const head = { encoding: encodingOf(record.bytes), bytes: record.bytes, stream_offset: record.offset };
      given.push('frame' in record ? { ...head, frame: record.frame } : { ...head, error: record.error });
    }
    decoder.end();
    return given;
  } catch (error) {
    if (isFrameError(error)) return [...given, rest(error)];
    throw error;
  }
}

function encodingOf(bytes: Uint8Array): Given['encoding'] {
  return bytes[0] !== undefined && isCborMap(bytes[0]) ? 'cbor' : 'json';
}

function textOf(bytes: Uint8Array): string {
  return UTF8.decode(bytes);
}

function fromHexText(text: string): Uint8Array | undefined {
  const digits = text.replace(/\s+/g, '');
  return /^(?:[0-9a-fA-F]{2})+$/.test(digits) ? Buffer.from(digits, 'hex') : undefined;
}

/** Both alphabets, with padding or without: this is what people paste, and not what is in frames. */
function fromBase64Text(text: string): Uint8Array | undefined {
  const digits = text.replace(/\s+/g, '');
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(digits) ? Buffer.from(digits, 'base64') : undefined;
}

/** A frame that came as CBOR may be several times as long in JSON; it is only shown. */
export const SHOWN: WireLimits = { ...WIRE_LIMITS, frame_bytes: 16 * WIRE_LIMITS.frame_bytes };

/** The frame as a value of JSON, with bytes marked. */
export function jsonOf(frame: Frame): unknown {
  return JSON.parse(encodeJson(frame, SHOWN));
}

/** JSON text that a terminal prints and does not obey: the same value, with what is not printed written as escapes. */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(/[\u007f-\u009f\u2028\u2029]|\p{Cf}/gu, (char) =>
    [...Array(char.length).keys()].map((i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
  );
}
