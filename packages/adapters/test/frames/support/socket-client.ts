import { decodeCbor, decodeJson, type Frame } from '@atp-router/wire';
import { onTestFinished } from 'vitest';
import { type ClientOptions, WebSocket } from 'ws';
import { type Encoding, encode, KEY_A } from './echo.ts';

/** A client of a WebSocket that shows everything that came. */
export class SocketClient {
  readonly ws: WebSocket;
  readonly frames: Frame[] = [];
  /** Whether each frame was binary. */
  readonly kinds: Encoding[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  readonly #waiting: Set<() => void> = new Set();

  constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on('message', (data: Buffer, is_binary) => {
      this.frames.push(is_binary ? decodeCbor(data) : decodeJson(data));
      this.kinds.push(is_binary ? 'cbor' : 'json');
      this.#wake();
    });
    ws.on('error', () => undefined);
    ws.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.#wake();
    });
  }

  static async open(port: number, more: ClientOptions = {}): Promise<SocketClient> {
    const options = { perMessageDeflate: false, headers: { authorization: `Bearer ${KEY_A}` }, ...more };
    const ws = new WebSocket(`ws://127.0.0.1:${port}/ws`, ['atp.v1'], options);
    onTestFinished(() => ws.terminate());
    const client = new SocketClient(ws);
    await new Promise<void>((resolve, reject) => ws.once('open', resolve).once('error', reject));
    return client;
  }

  send(frame: Frame, encoding: Encoding = 'json'): void {
    this.ws.send(encode(frame, encoding));
  }

  async count(frames: number): Promise<Frame[]> {
    while (this.frames.length < frames) {
      if (this.closed !== undefined) throw new Error(`closed with ${this.closed.code} ${this.closed.reason}`);
      await this.#change();
    }
    return this.frames;
  }

  async end(): Promise<{ readonly code: number; readonly reason: string }> {
    while (this.closed === undefined) await this.#change();
    return this.closed;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}
