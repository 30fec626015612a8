import { FrameError, type WireLimits } from '@atp-router/wire';
import { AtpError } from '@atp-router/kernel';
import type { ReceivedFrame } from './connection.ts';
import { received } from './decode.ts';

/** Several frames in CBOR in one body, each behind its length (W24). */
export const CBOR_FRAMES_TYPE = 'application/vnd.atp.frames';
export const NDJSON_TYPE = 'application/x-ndjson';

export type BodyType = 'application/json' | 'application/cbor' | typeof NDJSON_TYPE | typeof CBOR_FRAMES_TYPE;

export const ONE_FRAME: readonly BodyType[] = ['application/json', 'application/cbor'];
export const ANY_FRAMES: readonly BodyType[] = [...ONE_FRAME, NDJSON_TYPE, CBOR_FRAMES_TYPE];

const LF = 10;
const CR = 13;
const LENGTH_BYTES = 4;

/** The media type of a body, of those that are taken. Throws `unsupported_media_type`. */
export function bodyType(content_type: string | undefined, taken: readonly BodyType[]): BodyType {
  const name = (content_type ?? '').split(';')[0]?.trim().toLowerCase();
  const type = taken.find((one) => one === name);
  if (type !== undefined) return type;
  throw new AtpError('unsupported_media_type', `Frames come as ${taken.join(', ')}.`, { param: 'content-type' });
}

/** Frames of a body, up to the first that is none: nothing behind that was looked at. */
export interface BodyFrames {
  readonly frames: readonly ReceivedFrame[];
  readonly fault: FrameError | undefined;
}

/** Reads the frames of a body. Throws `prompt_too_large` when there are more than `frames_max`. */
export function readFrames(body: Uint8Array, type: BodyType, limits: WireLimits, frames_max: number): BodyFrames {
  const encoding = type === 'application/json' || type === NDJSON_TYPE ? 'json' : 'cbor';
  const frames: ReceivedFrame[] = [];
  for (const piece of piecesOf(body, type, frames_max, limits)) {
    const frame = piece instanceof Uint8Array ? received(piece, encoding, limits) : { bytes: 0, error: piece };
    if ('error' in frame) return { frames, fault: frame.error };
    frames.push(frame);
  }
  return { frames, fault: undefined };
}

/** The encoded frames of a body. A length that leads nowhere is the last of them. */
function piecesOf(body: Uint8Array, type: BodyType, max: number, limits: WireLimits): (Uint8Array | FrameError)[] {
  const pieces =
    type === NDJSON_TYPE ? linesOf(body, max) : type === CBOR_FRAMES_TYPE ? recordsOf(body, max, limits) : [body];
  if (pieces.length <= max) return pieces;
  const message = `The request has more than ${max} frames. Send the others in another one.`;
  throw new AtpError('prompt_too_large', message, { param: 'body' });
}

/** Lines that hold something, and one more than `max` at most. */
function linesOf(body: Uint8Array, max: number): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let from = 0;
  for (let at = 0; at <= body.length && lines.length <= max; at += 1) {
    if (at < body.length && body[at] !== LF) continue;
    const to = at > from && body[at - 1] === CR ? at - 1 : at;
    if (to > from) lines.push(body.subarray(from, to));
    from = at + 1;
  }
  return lines;
}

function recordsOf(body: Uint8Array, max: number, limits: WireLimits): (Uint8Array | FrameError)[] {
  const records: (Uint8Array | FrameError)[] = [];
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  for (let at = 0; at < body.length && records.length <= max; ) {
    const length = body.length - at < LENGTH_BYTES ? undefined : view.getUint32(at);
    const from = at + LENGTH_BYTES;
    if (length === undefined || length > limits.frame_bytes || length > body.length - from) {
      const fault = length !== undefined && length > limits.frame_bytes ? 'too_large' : 'truncated';
      records.push(new FrameError(fault, { offset: at }));
      return records;
    }
    records.push(body.subarray(from, from + length));
    at = from + length;
  }
  return records;
}
