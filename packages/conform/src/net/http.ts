import { type IncomingMessage, type ClientRequest, request as plain, type RequestOptions } from 'node:http';
import { request as secure } from 'node:https';
import { Inbox } from './inbox.ts';
import type { HttpReply } from './raw-connection.ts';

export interface HttpAsk {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

const BODY_BYTES_MAX = 4_194_304;

/** One request over a connection of its own, and its whole answer; undefined when none came in time. */
export function ask(url: URL, { method, headers, body }: HttpAsk, within_ms: number): Promise<HttpReply | undefined> {
  return new Promise((resolve) => {
    const sent = start(url, { method, headers, agent: false });
    const timer = setTimeout(() => sent.destroy(), within_ms);
    const done = (reply: HttpReply | undefined): void => {
      clearTimeout(timer);
      resolve(reply);
    };
    sent.on('error', () => done(undefined));
    sent.on('response', (res) => {
      whole(res).then(done, () => done(undefined));
    });
    sent.end(body);
  });
}

function start(url: URL, options: RequestOptions): ClientRequest {
  return url.protocol === 'https:' ? secure(url, options) : plain(url, options);
}

async function whole(res: IncomingMessage): Promise<HttpReply> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of res as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > BODY_BYTES_MAX) throw new Error('an answer has no end');
    pieces.push(piece);
  }
  return { status: res.statusCode ?? 0, headers: headersOf(res), body: Buffer.concat(pieces).toString('utf8') };
}

function headersOf(res: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(res.headers).map(([name, value]) => [name, String(value)]));
}

/** One server-sent event (WHATWG HTML, 9.2.6), or a comment between them. */
export type ServerEvent =
  | { readonly type: 'event'; readonly name: string; readonly id: string; readonly data: string }
  | { readonly type: 'comment' };

/** An answer that lasts: its events as they come. */
export class EventReader {
  readonly events: Inbox<ServerEvent> = new Inbox();
  readonly #request: ClientRequest;
  #status = 0;
  #rest = '';
  #bytes = 0;
  #head: () => void = () => undefined;

  constructor(url: URL, headers: Readonly<Record<string, string>>) {
    this.#request = start(url, { method: 'GET', headers, agent: false });
    this.#request.on('error', () => this.#end());
    this.#request.on('response', (res) => {
      this.#status = res.statusCode ?? 0;
      res.setEncoding('utf8');
      res.on('data', (text: string) => this.#read(text));
      res.on('error', () => undefined);
      res.on('close', () => this.#end());
      this.#head();
    });
    this.#request.end();
  }

  /** Status of the answer; 0 when none came in time. */
  async status(within_ms: number): Promise<number> {
    if (this.#status > 0 || this.events.closed) return this.#status;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, within_ms);
      this.#head = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    return this.#status;
  }

  cut(): void {
    this.#request.destroy();
  }

  #read(text: string): void {
    this.#bytes += text.length;
    if (this.#bytes > BODY_BYTES_MAX) this.cut();
    const blocks = `${this.#rest}${text}`.split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) {
      if (block.startsWith(':')) this.events.put({ type: 'comment' });
      else if (block.trim() !== '') this.events.put(eventOf(block));
    }
  }

  #end(): void {
    this.events.close();
    this.#head();
  }
}

function eventOf(block: string): ServerEvent {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^ /, '');
    fields.set(name, fields.has(name) ? `${fields.get(name)}\n${value}` : value);
  }
  return { type: 'event', name: fields.get('event') ?? '', id: fields.get('id') ?? '', data: fields.get('data') ?? '' };
}
