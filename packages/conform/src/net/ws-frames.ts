import { randomBytes } from 'node:crypto';

/** Opcodes of RFC 6455, 5.2. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** One frame of a WebSocket, unmasked. `raw`: the bytes as they came. */
export interface WsFrame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly rsv1: boolean;
  readonly payload: Buffer;
  readonly raw: Buffer;
}

export interface WsFrameOptions {
  /** As a client has to; a server does not. */
  readonly mask: boolean;
  readonly fin?: boolean;
  readonly rsv1?: boolean;
}

/** The bytes of one frame. */
export function wsFrame(
  opcode: number,
  payload: Uint8Array,
  { mask, fin = true, rsv1 = false }: WsFrameOptions,
): Buffer {
  const head = Buffer.alloc(14);
  head[0] = (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | opcode;
  let length = 2;
  if (payload.length < 126) head[1] = payload.length;
  else if (payload.length < 65_536) {
    head[1] = 126;
    length = 2 + 2;
    head.writeUInt16BE(payload.length, 2);
  } else {
    head[1] = 127;
    length = 2 + 8;
    head.writeBigUInt64BE(BigInt(payload.length), 2);
  }
  if (!mask) return Buffer.concat([head.subarray(0, length), payload]);
  head[1] |= 0x80;
  const key = randomBytes(4);
  return Buffer.concat([head.subarray(0, length), key, masked(payload, key)]);
}

/** The largest frame that is kept: sixteen of the largest of the protocol. Beyond, the reader throws. */
const PAYLOAD_BYTES_MAX = 16_777_216;

/** Cuts a stream of bytes into frames, as they come. */
export class WsReader {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Uint8Array): WsFrame[] {
    this.#rest = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    const frames: WsFrame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): WsFrame | undefined {
    const bytes = this.#rest;
    if (bytes.length < 2) return undefined;
    const [first, second] = [bytes[0] as number, bytes[1] as number];
    const short = second & 0x7f;
    const size = short === 126 ? 2 : short === 127 ? 8 : 0;
    const is_masked = (second & 0x80) !== 0;
    const start = 2 + size + (is_masked ? 4 : 0);
    if (bytes.length < start) return undefined;
    const length = size === 0 ? short : size === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (length > PAYLOAD_BYTES_MAX) throw new Error('a WebSocket frame is larger than anything of this protocol');
    if (bytes.length < start + length) return undefined;
    const body = bytes.subarray(start, start + length);
    const payload = is_masked ? masked(body, bytes.subarray(start - 4, start)) : Buffer.from(body);
    const raw = bytes.subarray(0, start + length);
    this.#rest = bytes.subarray(start + length);
    return { opcode: first & 0x0f, fin: (first & 0x80) !== 0, rsv1: (first & 0x40) !== 0, payload, raw };
  }
}

/** A message of a WebSocket: its pieces put together. */
export interface WsMessage {
  readonly kind: 'text' | 'binary';
  readonly rsv1: boolean;
  readonly data: Buffer;
}

/** Puts messages together; control frames are not for it. */
export class WsJoiner {
  #pieces: Buffer[] = [];
  #kind: WsMessage['kind'] = 'text';
  #rsv1 = false;
  #bytes = 0;

  push({ opcode, fin, rsv1, payload }: WsFrame): WsMessage | undefined {
    if (opcode !== OPCODE.continuation) {
      this.#kind = opcode === OPCODE.binary ? 'binary' : 'text';
      this.#rsv1 = rsv1;
    }
    this.#bytes += payload.length;
    if (this.#bytes > PAYLOAD_BYTES_MAX)
      throw new Error('a WebSocket message is larger than anything of this protocol');
    this.#pieces.push(payload);
    if (!fin) return undefined;
    const data = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#bytes = 0;
    return { kind: this.#kind, rsv1: this.#rsv1, data };
  }
}

function masked(bytes: Uint8Array, key: Uint8Array): Buffer {
  const out = Buffer.from(bytes);
  for (let i = 0; i < out.length; i += 1) out[i] = (out[i] as number) ^ (key[i & 3] as number);
  return out;
}
