import { DefaultDeserializer, DefaultSerializer } from 'node:v8';
import { AtpError, ByteTail } from '@atp-router/kernel';

/** Version of this format and of what the frames of a greeting mean. */
export const LINK_PROTOCOL = 1;

/** The byte behind the length says what a frame is; the comment, what its `id`, `kind` and `body` are. */
export const FRAME_TYPES = {
  /** First frame of a client: protocol, version of the router, what the client says of itself. */
  hello: 1,
  /** Answer to it: the same of the server, without a body. */
  welcome: 2,
  /** The other answer to it: 0, the reason in words. */
  refusal: 3,
  /** 0, kind, body. */
  message: 4,
  /** Number, kind, body. */
  question: 5,
  /** Number of the question, an empty text, the answer. */
  answer: 6,
  /** Number of the question, code of the error, what else it says (`errors.ts`). */
  failure: 7,
  /** 0, an empty text, nothing: a sign of life. */
  ping: 8,
} as const;

export type FrameType = keyof typeof FRAME_TYPES;

export interface LinkFrame {
  readonly type: FrameType;
  readonly id: number;
  readonly kind: string;
  readonly body: unknown;
}

const TYPE_OF: ReadonlyMap<number, FrameType> = new Map(
  Object.entries(FRAME_TYPES).map(([type, code]) => [code, type as FrameType]),
);
/** Length of the payload, big-endian, and the type. */
const HEAD_BYTES = 5;

/** Bytes of a frame. Throws `internal_error` when the body cannot be serialised, as a function cannot, or is too large. */
export function encodeFrame({ type, id, kind, body }: LinkFrame, frame_bytes: number): Buffer {
  // The head is a part of the same memory: no copy of the payload is needed to put it there.
  const serializer = new DefaultSerializer();
  serializer.writeRawBytes(new Uint8Array(HEAD_BYTES));
  serializer.writeHeader();
  try {
    serializer.writeValue([id, kind, body]);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown reason';
    throw unsent(type, kind, reason, cause);
  }
  const bytes = serializer.releaseBuffer();
  if (bytes.length > frame_bytes) {
    throw unsent(type, kind, `it has ${bytes.length} bytes; a frame has at most ${frame_bytes}.`);
  }
  bytes.writeUInt32BE(bytes.length - HEAD_BYTES, 0);
  bytes[4] = FRAME_TYPES[type];
  return bytes;
}

function unsent(type: FrameType, kind: string, reason: string, cause?: unknown): AtpError {
  const what = kind === '' ? type : `${type} "${kind}"`;
  const options = cause === undefined ? {} : { cause };
  return new AtpError('internal_error', `The ${what} cannot be sent to another process: ${reason}`, options);
}

/** Bytes of a stream to frames, however they are cut. Never throws. */
export class FrameReader {
  readonly #tail = new ByteTail('view');
  readonly #frame_bytes: number;
  #problem: string | undefined;

  constructor(frame_bytes: number) {
    this.#frame_bytes = frame_bytes;
  }

  /** What is wrong with the bytes, as the end of a sentence; nothing is read behind it. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Bytes that are kept until the rest of their frame has come: less than one frame of the largest. */
  get kept_bytes(): number {
    return this.#tail.length;
  }

  /** The frames that are complete with this chunk, up to the first that is malformed. */
  read(chunk: Uint8Array): LinkFrame[] {
    const frames: LinkFrame[] = [];
    if (this.#problem !== undefined) return frames;
    const bytes = this.#tail.with(chunk);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    while (bytes.length - at >= HEAD_BYTES) {
      const end = at + HEAD_BYTES + view.getUint32(at);
      const type = TYPE_OF.get(view.getUint8(at + 4));
      if (type === undefined) return this.#fail(frames, `a frame of the unknown type ${view.getUint8(at + 4)}`);
      if (end - at > this.#frame_bytes) {
        return this.#fail(frames, `a frame of ${end - at} bytes; at most ${this.#frame_bytes} are taken`);
      }
      if (end > bytes.length) break;
      const frame = decode(type, bytes.subarray(at + HEAD_BYTES, end));
      if (frame === undefined) return this.#fail(frames, `a malformed frame (${type})`);
      frames.push(frame);
      at = end;
    }
    this.#tail.keep(bytes, at);
    return frames;
  }

  #fail(frames: LinkFrame[], problem: string): LinkFrame[] {
    this.#problem = problem;
    this.#tail.clear();
    return frames;
  }
}

function decode(type: FrameType, payload: Uint8Array): LinkFrame | undefined {
  let value: unknown;
  try {
    const reader = new Reader(payload);
    reader.readHeader();
    value = reader.readValue();
  } catch {
    return undefined;
  }
  if (!Array.isArray(value) || value.length !== 3) return undefined;
  const [id, kind, body] = value as readonly unknown[];
  if (!isCount(id) || typeof kind !== 'string') return undefined;
  return { type, id, kind, body };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Documented (`deserializer._readHostObject`), but not in the types of this class. */
interface HostObjects {
  _readHostObject(): unknown;
}

/** As `v8.deserialize`; but bytes of a body get memory of their own, so that whoever keeps them keeps no chunk of the socket. */
class Reader extends DefaultDeserializer implements HostObjects {
  _readHostObject(): unknown {
    const view = (DefaultDeserializer.prototype as unknown as HostObjects)._readHostObject.call(this);
    return view instanceof Uint8Array ? new Uint8Array(view) : view;
  }
}
