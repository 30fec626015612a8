import { ByteTail } from '@atp-router/kernel';
import { decodeCbor } from './cbor/codec.ts';
import type { Frame } from './frame.ts';
import { FrameError, isFrameError } from './frame-error.ts';
import { decodeJson } from './json/decode.ts';
import { WIRE_LIMITS, type WireLimits } from './limits.ts';

/** Length of what follows, as a 32-bit integer with its highest byte first. */
const HEADER_BYTES = 4;
/** Major type 5, which no JSON text begins with. */
const CBOR_MAP = 5;

/** One record of a stream. What cannot be read is there all the same, with its bytes, and the stream goes on. */
export type StreamRecord = {
  /** Of its header, from the beginning of the stream. */
  readonly offset: number;
  readonly bytes: Uint8Array;
} & ({ readonly frame: Frame } | { readonly error: FrameError });

/** What the first byte says of a frame (W23): nothing that begins otherwise than as a map is CBOR. */
export function encodingOf(bytes: Uint8Array): 'json' | 'cbor' {
  return (bytes[0] ?? 0) >>> 5 === CBOR_MAP ? 'cbor' : 'json';
}

/** Reads one frame from bytes of either encoding. Throws `FrameError` only. */
export function decodeFrame(bytes: Uint8Array, limits: WireLimits = WIRE_LIMITS): Frame {
  return encodingOf(bytes) === 'cbor' ? decodeCbor(bytes, limits) : decodeJson(bytes, limits);
}

/** One encoded frame as a record: its length and then itself. */
export function encodeRecord(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const record = new Uint8Array(HEADER_BYTES + bytes.length);
  new DataView(record.buffer).setUint32(0, bytes.length);
  record.set(bytes, HEADER_BYTES);
  return record;
}

/**
 * Reads frames from a stream of bytes that keeps no boundaries: a file of recorded frames, a TCP or QUIC stream. Takes
 * chunks of any size and returns the records that they complete. A header that announces more than `limits.frame_bytes`
 * ends the stream with a `FrameError`, as there is no telling where the next record would begin; what is kept of an
 * incomplete record grows with what has come, and not with what was announced.
 */
export class StreamDecoder {
  readonly #limits: WireLimits;
  /** The incomplete record, in memory of its own: records are views of the chunk that they came in. */
  readonly #tail: ByteTail = new ByteTail('copy');
  #offset = 0;
  #fault: FrameError | undefined;

  constructor(limits: WireLimits = WIRE_LIMITS) {
    this.#limits = limits;
  }

  /** Bytes behind the last complete record. */
  get pending_bytes(): number {
    return this.#tail.length;
  }

  /** To be asked at the end of the stream. Throws what ended it early, or `truncated` within a record. */
  end(): void {
    this.#assertGoing();
    if (this.#tail.length > 0) throw new FrameError('truncated', { offset: this.#offset });
  }

  /**
   * Bytes in the frames are views of `chunk` where that holds a record whole. Records before a header that ends the stream
   * are returned; its `FrameError` is thrown when there are none, and from then on by every call.
   */
  decode(chunk: Uint8Array): StreamRecord[] {
    this.#assertGoing();
    const bytes = this.#tail.with(chunk);
    const records: StreamRecord[] = [];
    let at = 0;
    for (;;) {
      const body = this.#bodyAt(bytes, at);
      if (body === undefined) break;
      records.push(this.#record(body, this.#offset));
      this.#offset += HEADER_BYTES + body.length;
      at += HEADER_BYTES + body.length;
    }
    if (this.#fault === undefined) this.#tail.keep(bytes, at);
    else this.#tail.clear();
    if (records.length === 0) this.#assertGoing();
    return records;
  }

  #assertGoing(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** The body of the record that begins at `at`; nothing when it is not there yet, or never will be. */
  #bodyAt(bytes: Uint8Array, at: number): Uint8Array | undefined {
    if (bytes.length - at < HEADER_BYTES) return undefined;
    const length = new DataView(bytes.buffer, bytes.byteOffset + at, HEADER_BYTES).getUint32(0);
    if (length > this.#limits.frame_bytes) {
      this.#fault = new FrameError('too_large', { offset: this.#offset });
      return undefined;
    }
    const from = at + HEADER_BYTES;
    return bytes.length - from < length ? undefined : bytes.subarray(from, from + length);
  }

  #record(bytes: Uint8Array, offset: number): StreamRecord {
    try {
      return { offset, bytes, frame: decodeFrame(bytes, this.#limits) };
    } catch (error) {
      if (isFrameError(error)) return { offset, bytes, error };
      throw error;
    }
  }
}
