import { encodeCbor } from '../../cbor/codec.ts';
import type { Frame } from '../../frame.ts';
import { FrameError, type FrameFault, isFrameError } from '../../frame-error.ts';
import { decodeJson, utf8Length } from '../../json/decode.ts';
import { encodeJson } from '../../json/encode.ts';
import { WIRE_LIMITS, type WireLimits } from '../../limits.ts';
import { decodeFrame } from '../../stream.ts';
import { fromHex, HEX_TEXT } from './hex.ts';

/** Which way a frame went, seen from the end that recorded it. */
export type Direction = 'in' | 'out';
export type Encoding = 'json' | 'cbor';

/** The first line of a trace. */
export interface TraceHeader {
  readonly atp_trace: 1;
  /** For people. */
  readonly about?: string;
}

/** One line of a trace: a frame as it went over a connection. `docs/protocol/atp-traces.md` is the reference. */
export interface TraceLine {
  /** Milliseconds since the trace began, on a monotone clock. */
  readonly t_ms: number;
  readonly dir: Direction;
  /** Name of the connection within the trace. */
  readonly conn: string;
  readonly encoding: Encoding;
  /** Size on the wire. */
  readonly bytes?: number;
  /** The frame as its JSON; absent when it could not be read. */
  readonly frame?: unknown;
  /** The bytes themselves: where they are no frame, and wherever exact bytes matter. */
  readonly hex?: string;
  /** Why they are no frame, as the recording end found it. */
  readonly fault?: FrameFault;
  /** Members whose value was replaced, so that checksum and signature cannot be checked. */
  readonly redacted?: readonly string[];
}

/** A line that was read, with what its frame is. */
export type TraceRecord = {
  /** In the file, from 1. */
  readonly line: number;
  readonly entry: TraceLine;
} & ({ readonly frame: Frame } | { readonly error: FrameError });

export interface Trace {
  readonly header: TraceHeader;
  readonly records: readonly TraceRecord[];
}

/** The file is no trace. The message says what is wrong; `line` counts from 1. */
export class TraceError extends Error {
  readonly line: number;

  constructor(line: number, what: string) {
    super(`line ${line}: ${what}`);
    this.name = 'TraceError';
    this.line = line;
  }
}

/** An hour of a busy session; more is cut by whoever records. */
export const TRACE_LINES_MAX = 100_000;
/** A frame in hex, beside its JSON in which each byte may take six. */
const LINE_CHARS_MAX = 8 * WIRE_LIMITS.frame_bytes + 4_096;
const NAME_MAX = 128;
/** A frame of CBOR can be longer than the limit as JSON: what counts is its size in the encoding in which it went. */
const AS_JSON: WireLimits = { ...WIRE_LIMITS, frame_bytes: LINE_CHARS_MAX };

/** Whether a text begins as a trace does. */
export function isTrace(text: string): boolean {
  return /^\s*\{\s*"atp_trace"\s*:/.test(text.slice(0, 256));
}

/** Reads a whole trace. Throws `TraceError` for what is no trace; frames at fault are records with an `error`. */
export function readTrace(text: string): Trace {
  const lines = text.split('\n');
  const header = headerOf(lines[0] ?? '');
  const records: TraceRecord[] = [];
  for (let i = 1; i < lines.length; i += 1) {
    const line = lines[i] as string;
    if (line.trim() === '') continue;
    if (records.length === TRACE_LINES_MAX) throw new TraceError(i + 1, `more than ${TRACE_LINES_MAX} frames; cut it`);
    records.push(recordOf(i + 1, line));
  }
  return { header, records };
}

function headerOf(line: string): TraceHeader {
  const row = rowOf(1, line);
  if (row['atp_trace'] !== 1) throw new TraceError(1, 'a trace begins with {"atp_trace":1}');
  const { about } = row;
  if (about !== undefined && typeof about !== 'string') throw new TraceError(1, 'about is not a text');
  return { atp_trace: 1, ...(about !== undefined && { about }) };
}

function rowOf(line: number, text: string): Record<string, unknown> {
  if (text.length > LINE_CHARS_MAX) throw new TraceError(line, `longer than ${LINE_CHARS_MAX} characters`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TraceError(line, 'not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TraceError(line, 'not an object');
  return value as Record<string, unknown>;
}

function recordOf(line: number, text: string): TraceRecord {
  const entry = entryOf(line, rowOf(line, text));
  try {
    return { line, entry, frame: frameOf(entry) };
  } catch (error) {
    if (isFrameError(error)) return { line, entry, error };
    throw error;
  }
}

function entryOf(line: number, row: Record<string, unknown>): TraceLine {
  const wrong = (name: string, wanted: string): never => {
    throw new TraceError(line, `${name} is not ${wanted}`);
  };
  const { t_ms, dir, conn, encoding, bytes, hex, fault, redacted } = row;
  if (!isCount(t_ms)) wrong('t_ms', 'a count of milliseconds');
  if (dir !== 'in' && dir !== 'out') wrong('dir', '"in" or "out"');
  if (typeof conn !== 'string' || conn === '' || conn.length > NAME_MAX) wrong('conn', 'a name');
  if (encoding !== 'json' && encoding !== 'cbor') wrong('encoding', '"json" or "cbor"');
  if (bytes !== undefined && !isCount(bytes)) wrong('bytes', 'a count');
  if (hex !== undefined && (typeof hex !== 'string' || !HEX_TEXT.test(hex))) wrong('hex', 'pairs of lower-case digits');
  if (fault !== undefined && typeof fault !== 'string') wrong('fault', 'a text');
  const is_list =
    redacted === undefined || (Array.isArray(redacted) && redacted.every((one) => typeof one === 'string'));
  if (!is_list) wrong('redacted', 'a list of texts');
  if (row['frame'] === undefined && hex === undefined) throw new TraceError(line, 'neither frame nor hex');
  return row as unknown as TraceLine;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The frame of a line. The bytes count where they are there; the JSON beside them has to be the same frame. */
function frameOf({ frame, hex, encoding, bytes: size }: TraceLine): Frame {
  const written = frame === undefined ? undefined : decodeJson(JSON.stringify(frame), AS_JSON);
  if (hex === undefined) return assertCarried(written as Frame, encoding, size);
  const bytes = fromHex(hex);
  const read = decodeFrame(bytes);
  const is_cbor = (bytes[0] ?? 0) >>> 5 === 5;
  if (is_cbor !== (encoding === 'cbor')) throw new FrameError('syntax', { path: 'encoding' });
  if (written !== undefined && !sameBytes(encodeCbor(read, AS_JSON), encodeCbor(written, AS_JSON))) {
    throw new FrameError('value', { path: 'frame' });
  }
  return read;
}

/** Throws what a peer would have answered to a frame of this size in this encoding. JSON may have been written shorter. */
function assertCarried(frame: Frame, encoding: Encoding, size: number | undefined): Frame {
  const length = encoding === 'json' && size !== undefined ? size : encodedBytes(frame, encoding);
  if (length > WIRE_LIMITS.frame_bytes) throw new FrameError('too_large');
  return frame;
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}

/** Size of a frame on the wire in an encoding. */
export function encodedBytes(frame: Frame, encoding: Encoding): number {
  return encoding === 'cbor' ? encodeCbor(frame, AS_JSON).length : utf8Length(encodeJson(frame, AS_JSON));
}
