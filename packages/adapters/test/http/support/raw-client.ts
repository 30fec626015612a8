import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { onTestFinished } from 'vitest';

/** A client that says exactly what a test wants on the wire and shows exactly what came back. */
export class RawClient {
  readonly socket: Socket;
  /** Everything received so far, as latin1: one character per byte. */
  received = '';
  received_bytes = 0;
  /** Characters of `received` that are kept, for answers that are only counted. */
  keep: number = Number.POSITIVE_INFINITY;
  error: NodeJS.ErrnoException | undefined;
  readonly #waiting: Set<() => void> = new Set();
  #closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (part: string) => {
      this.received_bytes += part.length;
      this.received += part;
      if (this.received.length > this.keep) this.received = this.received.slice(-this.keep);
      this.#look();
    });
    socket.on('error', (error) => {
      this.error = error;
    });
    socket.on('close', () => {
      this.#closed = true;
      this.#look();
    });
  }

  static async open(port: number, more: Partial<TcpNetConnectOpts> = {}): Promise<RawClient> {
    const socket = connect({ host: '127.0.0.1', noDelay: true, ...more, port });
    onTestFinished(() => void socket.destroy());
    const client = new RawClient(socket);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return client;
  }

  /** Resolves also when the handshake failed: `error` then says why. */
  static async openTls(port: number, options: ConnectionOptions): Promise<RawClient> {
    const socket = connectTls({ host: '127.0.0.1', port, ...options });
    onTestFinished(() => void socket.destroy());
    const client = new RawClient(socket);
    await new Promise<void>((resolve) => socket.once('secureConnect', resolve).once('close', () => resolve()));
    return client;
  }

  get is_closed(): boolean {
    return this.#closed;
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Waits until `enough` holds of what was received. Fails when the connection closes before. */
  async until(enough: (received: string) => boolean): Promise<string> {
    while (!enough(this.received)) {
      if (this.#closed) throw new Error(`closed after ${JSON.stringify(this.received.slice(-500))}`);
      await this.#change();
    }
    return this.received;
  }

  /** Waits for so many whole replies with a `content-length`, and gives them. */
  async replies(count: number): Promise<Reply[]> {
    await this.until((text) => parseReplies(text).length >= count);
    return parseReplies(this.received);
  }

  /** Waits for the end of the connection and gives what came before it. */
  async closed(): Promise<string> {
    while (!this.#closed) await this.#change();
    return this.received;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #look(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}

export interface Reply {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Whole replies at the beginning of a text; chunked ones are not read. */
export function parseReplies(text: string): Reply[] {
  const replies: Reply[] = [];
  let rest = text;
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return replies;
    const [first = '', ...lines] = rest.slice(0, end).split('\r\n');
    const headers = new Map(
      lines.map((line) => [line.split(':')[0]?.toLowerCase() ?? '', line.replace(/^[^:]*: */, '')]),
    );
    const status = Number(first.split(' ')[1]);
    const length = status < 200 ? 0 : Number(headers.get('content-length') ?? Number.NaN);
    if (Number.isNaN(length) || rest.length < end + 4 + length) return replies;
    replies.push({ status, headers, body: rest.slice(end + 4, end + 4 + length) });
    rest = rest.slice(end + 4 + length);
  }
}

export function post(path: string, body: string, headers: readonly string[] = []): string {
  const lines = [`POST ${path} HTTP/1.1`, 'host: test', `content-length: ${Buffer.byteLength(body)}`, ...headers];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

export function get(path: string, headers: readonly string[] = []): string {
  return `${[`GET ${path} HTTP/1.1`, 'host: test', ...headers].join('\r\n')}\r\n\r\n`;
}
