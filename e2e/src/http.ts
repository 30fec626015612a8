import { type ClientRequest, type IncomingMessage, request } from 'node:http';

export interface Asked {
  readonly port: number;
  readonly path: string;
  readonly method?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, text and bytes as they are. */
  readonly body?: unknown;
}

/** An answer whose body has not been read yet: nothing is read before the test asks. */
export class Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly #req: ClientRequest;
  readonly #res: IncomingMessage;

  constructor(req: ClientRequest, res: IncomingMessage) {
    this.#req = req;
    this.#res = res;
    this.status = res.statusCode ?? 0;
    this.headers = res.headers;
    // A cut body shows in `complete`; the error itself has no other reader.
    res.on('error', () => undefined);
    req.on('error', () => undefined);
  }

  header(name: string): string | undefined {
    const value = this.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  /** Whether the body came to its proper end. */
  get complete(): boolean {
    return this.#res.complete;
  }

  /** The next piece of the body; undefined at its end, also when it was cut. */
  async chunk(): Promise<Buffer | undefined> {
    const res = this.#res;
    for (;;) {
      const piece = res.read() as Buffer | null;
      if (piece !== null) return piece;
      if (res.readableEnded || res.destroyed) return undefined;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          for (const name of ['readable', 'end', 'close']) res.off(name, done);
          resolve();
        };
        for (const name of ['readable', 'end', 'close']) res.once(name, done);
      });
    }
  }

  /** Reads until the text so far matches. Throws when the body ends before. */
  async until(pattern: RegExp): Promise<string> {
    let text = '';
    while (!pattern.test(text)) {
      const piece = await this.chunk();
      if (piece === undefined) throw new Error(`the body ended before ${pattern}: ${text.slice(-500)}`);
      text += piece.toString();
    }
    return text;
  }

  async bytes(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for (let piece = await this.chunk(); piece !== undefined; piece = await this.chunk()) chunks.push(piece);
    return Buffer.concat(chunks);
  }

  async text(): Promise<string> {
    return (await this.bytes()).toString('utf8');
  }

  async json(): Promise<Record<string, unknown>> {
    return JSON.parse(await this.text()) as Record<string, unknown>;
  }

  /** Leaves in the middle, as a client does that lost interest. */
  leave(): void {
    this.#req.destroy();
  }
}

/** A request that is under way: the client may leave before there is an answer. */
export interface Pending {
  readonly answer: Promise<Answered>;
  leave(): void;
}

function headersOf(asked: Asked, body: string | Uint8Array | undefined): Record<string, string> {
  return {
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
    ...(asked.key === undefined ? {} : { authorization: `Bearer ${asked.key}` }),
    ...asked.headers,
  };
}

/** Sends a request on a connection of its own and does not wait. */
export function send(asked: Asked): Pending {
  const { body } = asked;
  const bytes =
    body === undefined || typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  const req = request({
    host: '127.0.0.1',
    port: asked.port,
    path: asked.path,
    method: asked.method ?? 'POST',
    headers: headersOf(asked, bytes),
    agent: false,
  });
  const answer = new Promise<Answered>((resolve, reject) => {
    req.once('response', (res) => resolve(new Answered(req, res)));
    req.once('error', reject);
  });
  // Whoever leaves does not look at the answer.
  answer.catch(() => undefined);
  req.end(bytes);
  return { answer, leave: () => req.destroy() };
}

export function ask(asked: Asked): Promise<Answered> {
  return send(asked).answer;
}
