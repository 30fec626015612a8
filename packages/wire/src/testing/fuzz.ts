import { type Rng, randomInt, seededRng } from '@atp-router/kernel';
import { canonicalJson } from '../canonical/jcs.ts';
import { decodeCbor, encodeCbor } from '../cbor/codec.ts';
import { equalBytes } from '../digests.ts';
import type { Frame } from '../frame.ts';
import { type FrameFault, isFrameError } from '../frame-error.ts';
import { decodeJson } from '../json/decode.ts';
import { encodeJson } from '../json/encode.ts';
import { StreamDecoder } from '../stream.ts';
import { mutated } from './mutate.ts';
import { sampleBytes, sampleFrame } from './sample.ts';

export interface FuzzOptions {
  readonly seed: number;
  /** Inputs to try. */
  readonly count: number;
  /** Inputs that were worth keeping: each is tried as it is, and mutated. */
  readonly corpus: readonly Uint8Array[];
}

export interface FuzzReport {
  readonly inputs: number;
  readonly accepted: number;
  readonly refused: Readonly<Partial<Record<FrameFault, number>>>;
  /** What broke a promise of the decoders, with the input in hex. Empty when all is well. */
  readonly problems: readonly string[];
}

const PROBLEMS_MAX = 10;
const POOL_FRAMES = 256;
const INPUTS_PER_FRAME = 8;

/**
 * Gives both decoders noise, mutated frames and mutated corpus, and holds them to what they promise: nothing but
 * `FrameError` is thrown; what the CBOR decoder accepts is written again byte for byte; what the JSON decoder accepts means
 * the same after a trip through either encoding. Equal options give equal reports, so a problem is found again by its seed.
 */
export function fuzzDecoders({ seed, count, corpus }: FuzzOptions): FuzzReport {
  const rng = seededRng(seed);
  const tally = new Tally();
  for (const bytes of corpus) tally.tryBoth(bytes);
  const pool = [...corpus, ...Array.from({ length: POOL_FRAMES }, () => encodedSample(rng))];
  for (let i = corpus.length; i < count && tally.problems.length < PROBLEMS_MAX; i += 1) {
    // A frame costs more to make than to mutate, so new ones come in slowly.
    if (i % INPUTS_PER_FRAME === 0) pool[corpus.length + ((i / INPUTS_PER_FRAME) % POOL_FRAMES)] = encodedSample(rng);
    tally.tryBoth(nextInput(rng, pool));
  }
  return tally.report();
}

function nextInput(rng: Rng, pool: readonly Uint8Array[]): Uint8Array {
  if (rng.next() < 0.05) return sampleBytes(rng, randomInt(rng, 0, 64));
  return mutated(rng, pick(rng, pool), pick(rng, pool));
}

function encodedSample(rng: Rng): Uint8Array {
  const frame = sampleFrame(randomInt(rng, 0, 1e9));
  return rng.next() < 0.5 ? encodeCbor(frame) : new TextEncoder().encode(encodeJson(frame));
}

function pick(rng: Rng, corpus: readonly Uint8Array[]): Uint8Array {
  return corpus[randomInt(rng, 0, corpus.length - 1)] as Uint8Array;
}

class Tally {
  readonly problems: string[] = [];
  readonly #refused: Partial<Record<FrameFault, number>> = {};
  #inputs = 0;
  #accepted = 0;

  report(): FuzzReport {
    return { inputs: this.#inputs, accepted: this.#accepted, refused: this.#refused, problems: this.problems };
  }

  tryBoth(bytes: Uint8Array): void {
    this.#inputs += 1;
    this.#judge(bytes, decodeCbor, (frame) => {
      if (!equalBytes(encodeCbor(frame), bytes)) throw new Error('accepted CBOR is written differently');
      sameInJson(frame);
    });
    this.#judge(bytes, decodeJson, (frame) => {
      sameInJson(frame);
      if (canonicalJson(decodeCbor(encodeCbor(frame))) !== canonicalJson(frame))
        throw new Error('CBOR changed a frame');
    });
    this.#stream(bytes);
  }

  #judge(bytes: Uint8Array, decode: (bytes: Uint8Array) => Frame, check: (frame: Frame) => void): void {
    try {
      const frame = decode(bytes);
      this.#accepted += 1;
      check(frame);
    } catch (error) {
      if (isFrameError(error)) this.#refused[error.fault] = (this.#refused[error.fault] ?? 0) + 1;
      else this.#problem(error, bytes);
    }
  }

  /** The same bytes as a stream, in two chunks. */
  #stream(bytes: Uint8Array): void {
    try {
      const decoder = new StreamDecoder();
      const middle = bytes.length >>> 1;
      decoder.decode(bytes.subarray(0, middle));
      decoder.decode(bytes.subarray(middle));
      decoder.end();
    } catch (error) {
      if (!isFrameError(error)) this.#problem(error, bytes);
    }
  }

  #problem(error: unknown, bytes: Uint8Array): void {
    const said = error instanceof Error ? `${error.name}: ${error.message}` : 'something that is no error';
    this.problems.push(`${said} from ${hex(bytes)}`);
  }
}

/** Larger as text than the limit is the one thing that may stand between the encodings. */
function sameInJson(frame: Frame): void {
  const again = decodeJson(encodeJson(frame));
  if (canonicalJson(again) !== canonicalJson(frame)) throw new Error('JSON changed a frame');
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
