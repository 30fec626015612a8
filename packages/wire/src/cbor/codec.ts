import { Check } from '../check/check.ts';
import { checkFrame } from '../check/frame.ts';
import type { Frame } from '../frame.ts';
import { FrameError } from '../frame-error.ts';
import { WIRE_LIMITS, type WireLimits } from '../limits.ts';
import { Reader } from './read.ts';
import { Writer } from './write.ts';

/**
 * Reads one frame from deterministic CBOR. Bytes in the frame are views of `input`, which therefore must not be written
 * to as long as the frame is used. Throws `FrameError` only.
 */
export function decodeCbor(input: Uint8Array, limits: WireLimits = WIRE_LIMITS): Frame {
  return checkFrame(new Check('read', limits), new Reader(input, limits, 'frame').whole());
}

/** Writes frames as deterministic CBOR. Keeps the buffer it writes to: one encoder per connection saves making it anew. */
export class CborEncoder {
  readonly #writer: Writer = new Writer();
  readonly #limits: WireLimits;

  constructor(limits: WireLimits = WIRE_LIMITS) {
    this.#limits = limits;
  }

  /** Refuses with `FrameError` what no reader would take. The result is the caller's own. */
  encode(frame: Frame): Uint8Array<ArrayBuffer> {
    const bytes = this.#writer.frame(checkFrame(new Check('given', this.#limits), frame));
    if (bytes.length > this.#limits.frame_bytes) throw new FrameError('too_large');
    return bytes;
  }
}

export function encodeCbor(frame: Frame, limits: WireLimits = WIRE_LIMITS): Uint8Array<ArrayBuffer> {
  return new CborEncoder(limits).encode(frame);
}
