import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { httpBody, httpHead } from './http-head.ts';
import { Inbox } from './inbox.ts';
import { OPCODE, WsJoiner, type WsMessage, WsReader, wsFrame } from './ws-frames.ts';

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Control frames of a WebSocket, and its end. `code` of a close: as it was said, 1006 when the socket just ended. */
export type WsEvent =
  | { readonly type: 'pong'; readonly data: Buffer }
  | { readonly type: 'close'; readonly code: number; readonly reason: string };

const CONNECT_MS = 10_000;
const REPLY_BYTES_MAX = 4_194_304;
/** All that one connection may bring: a server that floods its judges is cut off. */
const BYTES_MAX = 67_108_864;

/**
 * One TCP or TLS connection of which every byte is ours: requests of HTTP/1.1 one after the other, and a WebSocket once an
 * answer was 101.
 */
export class RawConnection {
  readonly events: Inbox<WsEvent> = new Inbox();
  readonly #socket: Socket;
  readonly #replies: Inbox<HttpReply> = new Inbox();
  #reader: WsReader | undefined;
  readonly #joiner = new WsJoiner();
  #bytes: Buffer = Buffer.alloc(0);
  #is_told = false;
  #came = 0;
  /** Told of every message in the order in which they come. */
  onMessage: (message: WsMessage) => void = () => undefined;
  onEnd: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#end());
  }

  /** Rejects when nobody answers. */
  static open(url: URL): Promise<RawConnection> {
    const is_tls = url.protocol === 'wss:' || url.protocol === 'https:';
    const port = Number(url.port === '' ? (is_tls ? 443 : 80) : url.port);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    return new Promise((resolve, reject) => {
      // An address is no name of a server (RFC 6066, 3).
      const name = isIP(host) === 0 ? { servername: host } : {};
      const socket = is_tls ? connectTls({ host, port, ...name }) : connectTcp({ host, port });
      socket.setTimeout(CONNECT_MS, () =>
        socket.destroy(new Error(`no connection to ${url.host} in ${CONNECT_MS} ms`)),
      );
      socket.once('error', reject);
      socket.once(is_tls ? 'secureConnect' : 'connect', () => {
        socket.off('error', reject);
        socket.setTimeout(0);
        resolve(new RawConnection(socket));
      });
    });
  }

  get closed(): boolean {
    return this.events.closed;
  }

  write(bytes: string | Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  /** Sends one request and waits for its answer; undefined when none came. */
  async request(text: string, within_ms: number): Promise<HttpReply | undefined> {
    this.write(text);
    return this.#replies.take(() => true, within_ms);
  }

  text(text: string): void {
    this.write(wsFrame(OPCODE.text, Buffer.from(text), { mask: true }));
  }

  binary(bytes: Uint8Array): void {
    this.write(wsFrame(OPCODE.binary, bytes, { mask: true }));
  }

  close(code: number = 1000): void {
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.write(wsFrame(OPCODE.close, payload, { mask: true }));
  }

  /** Reads no more: what the server sends stays in the buffers of the network. */
  pause(): void {
    this.#socket.pause();
  }

  cut(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#came += chunk.length;
    try {
      if (this.#came > BYTES_MAX) throw new Error('a connection brings more than is read');
      if (this.#reader !== undefined) this.#frames(this.#reader, chunk);
      else this.#http(chunk);
    } catch {
      // What cannot be read by any rule ends the connection; whoever waits sees that nothing came.
      this.#socket.destroy();
    }
  }

  #http(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    if (this.#bytes.length > REPLY_BYTES_MAX) throw new Error('an answer has no end');
    const head = httpHead(this.#bytes);
    if (head === undefined) return;
    if (head.status === 101) {
      const rest = this.#bytes.subarray(head.length);
      this.#reader = new WsReader();
      this.#replies.put({ status: 101, headers: head.headers, body: '' });
      if (rest.length > 0) this.#frames(this.#reader, rest);
      return;
    }
    const found = httpBody(this.#bytes, head);
    if (found === undefined) return;
    this.#bytes = this.#bytes.subarray(found.end);
    this.#replies.put({ status: head.status, headers: head.headers, body: found.body.toString('utf8') });
  }

  #frames(reader: WsReader, chunk: Buffer): void {
    for (const frame of reader.push(chunk)) {
      const { opcode, payload } = frame;
      if (opcode === OPCODE.ping) this.write(wsFrame(OPCODE.pong, payload, { mask: true }));
      else if (opcode === OPCODE.pong) this.events.put({ type: 'pong', data: payload });
      else if (opcode === OPCODE.close) this.#closing(payload);
      else {
        const message = this.#joiner.push(frame);
        if (message !== undefined) this.onMessage(message);
      }
    }
  }

  #closing(payload: Buffer): void {
    const code = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
    this.events.put({ type: 'close', code, reason: payload.toString('utf8', 2) });
    this.write(wsFrame(OPCODE.close, payload.subarray(0, 2), { mask: true }));
    this.#is_told = true;
  }

  #end(): void {
    if (!this.#is_told) this.events.put({ type: 'close', code: 1006, reason: '' });
    this.events.close();
    this.#replies.close();
    this.onEnd();
  }
}
