import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { decodeFrame, encodeCbor, encodeJson, type Frame } from '@atp-router/wire';
import { httpHead } from '../../src/net/http-head.ts';
import { OPCODE, type WsFrame, WsJoiner, type WsMessage, WsReader, wsFrame } from '../../src/net/ws-frames.ts';

/** What a mutant remembers of one connection, and what it can do by itself. */
export interface Link {
  readonly memory: Map<string, unknown>;
  toClient(frame: Frame): void;
  toServer(frame: Frame): void;
}

type FrameChange = (frame: Frame, link: Link) => Frame | readonly Frame[] | undefined;
type RawChange = (message: WsMessage, link: Link) => string | Uint8Array | undefined;

/** How a mutant differs from the server behind it. What is not said goes through byte for byte. */
export interface Alteration {
  /** Frames from the client, and to it; those that cannot be read are left as they are. */
  readonly in?: FrameChange;
  readonly out?: FrameChange;
  /** Messages from the client as they came; undefined leaves the message to `in`. */
  readonly rawIn?: RawChange;
  readonly rawOut?: RawChange;
  /** Control frames of the WebSocket to the client; undefined swallows one. */
  readonly controlOut?: (frame: WsFrame) => Buffer | undefined;
  /** Text of HTTP, each chunk as it comes. Undefined swallows it. */
  readonly request?: (text: string) => string | undefined;
  readonly reply?: (text: string) => string | undefined;
  /** The end of a connection is not told to the client. */
  readonly holds_end?: boolean;
}

export interface Between {
  readonly port: number;
  close(): void;
}

/** A server that is the one behind it but for an alteration. */
export async function between(behind: number, alteration: Alteration): Promise<Between> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const back = connect({ host: '127.0.0.1', port: behind });
    for (const socket of [client, back]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    new Passage(client, back, alteration);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

class Passage {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #alteration: Alteration;
  readonly #link: Link;
  #is_socket = false;

  constructor(client: Socket, server: Socket, alteration: Alteration) {
    this.#client = client;
    this.#server = server;
    this.#alteration = alteration;
    this.#link = {
      memory: new Map(),
      toClient: (frame) => client.write(wsFrame(OPCODE.text, Buffer.from(encodeJson(frame)), { mask: false })),
      toServer: (frame) => server.write(wsFrame(OPCODE.text, Buffer.from(encodeJson(frame)), { mask: true })),
    };
    const [toServer, toClient] = [this.#way(true), this.#way(false)];
    client.on('data', toServer);
    server.on('data', toClient);
    client.on('close', () => server.destroy());
    server.on('close', () => void (alteration.holds_end === true || client.end()));
  }

  /** One direction: HTTP until the answer was 101, then messages. */
  #way(inwards: boolean): (chunk: Buffer) => void {
    const to = inwards ? this.#server : this.#client;
    const reader = new WsReader();
    const joiner = new WsJoiner();
    return (chunk) => {
      const frames = inwards ? chunk : this.#head(chunk);
      if (frames === undefined) return;
      if (!this.#is_socket) {
        const { request, reply } = this.#alteration;
        const change = inwards ? request : reply;
        const text = change === undefined ? undefined : change(chunk.toString('latin1'));
        if (change === undefined) to.write(chunk);
        else if (text !== undefined) to.write(Buffer.from(text, 'latin1'));
        return;
      }
      for (const frame of reader.push(frames)) for (const bytes of this.#frame(frame, joiner, inwards)) to.write(bytes);
    };
  }

  /** The answer to a handshake goes through as HTTP; what is behind it, as frames. */
  #head(chunk: Buffer): Buffer | undefined {
    if (this.#is_socket) return chunk;
    const head = httpHead(chunk);
    if (head?.status !== 101) return chunk;
    const text = chunk.toString('latin1', 0, head.length);
    this.#client.write(Buffer.from(this.#alteration.reply?.(text) ?? text, 'latin1'));
    this.#is_socket = true;
    const rest = chunk.subarray(head.length);
    return rest.length === 0 ? undefined : rest;
  }

  #frame(frame: WsFrame, joiner: WsJoiner, inwards: boolean): readonly Uint8Array[] {
    const { controlOut, in: changeIn, out: changeOut, rawIn, rawOut } = this.#alteration;
    const is_control = frame.opcode >= OPCODE.close;
    if (!is_control && frame.opcode > OPCODE.binary) return [frame.raw];
    if (is_control && (inwards || controlOut === undefined)) return [frame.raw];
    if (is_control) return [controlOut?.(frame) ?? Buffer.alloc(0)];
    const [change, raw] = inwards ? [changeIn, rawIn] : [changeOut, rawOut];
    if (change === undefined && raw === undefined) return [frame.raw];
    const message = joiner.push(frame);
    if (message === undefined) return [];
    const changed = raw?.(message, this.#link);
    if (changed !== undefined) return changed.length === 0 ? [] : [encoded(changed, inwards)];
    if (change === undefined) return [again(message, inwards)];
    return this.#changed(message, change, inwards);
  }

  #changed(message: WsMessage, change: FrameChange, inwards: boolean): readonly Uint8Array[] {
    let frame: Frame;
    try {
      frame = decodeFrame(message.data);
    } catch {
      return [again(message, inwards)];
    }
    const made = change(frame, this.#link);
    if (made === frame) return [again(message, inwards)];
    const is_cbor = message.kind === 'binary';
    const frames = made === undefined ? [] : Array.isArray(made) ? (made as readonly Frame[]) : [made as Frame];
    return frames.map((one) => encoded(is_cbor ? encodeCbor(one) : encodeJson(one), inwards));
  }
}

function again({ kind, data, rsv1 }: WsMessage, mask: boolean): Buffer {
  return wsFrame(kind === 'binary' ? OPCODE.binary : OPCODE.text, data, { mask, rsv1 });
}

function encoded(data: string | Uint8Array, mask: boolean): Buffer {
  if (typeof data === 'string') return wsFrame(OPCODE.text, Buffer.from(data), { mask });
  return wsFrame(OPCODE.binary, data, { mask });
}
