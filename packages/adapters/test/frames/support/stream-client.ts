import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { decodeJson, encodeCbor, encodeJson, encodeRecord, type Frame } from '@atp-router/wire';
import { onTestFinished } from 'vitest';
import { HELLO, KEY_A } from './echo.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Ask {
  readonly key?: string | null;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const keyed = ({ key = KEY_A }: Ask): Record<string, string> => (key === null ? {} : { 'x-api-key': key });

/** One request and its whole answer. */
export function post(port: number, path: string, body: string | Uint8Array, ask: Ask = {}): Promise<Answer> {
  const { type = 'application/json', headers = {} } = ask;
  const options = { port, path, method: 'POST', headers: { 'content-type': type, ...keyed(ask), ...headers } };
  return new Promise((resolve, reject) => {
    const sent = request(options, (res) => void whole(res).then(resolve, reject));
    sent.on('error', reject);
    sent.end(body);
  });
}

async function whole(res: IncomingMessage): Promise<Answer> {
  let body = '';
  for await (const chunk of res) body += String(chunk);
  return { status: res.statusCode ?? 0, headers: res.headers, body };
}

/** Opens a connection and gives its path. */
export async function openStream(port: number, ask: Ask = {}): Promise<string> {
  const { status, headers, body } = await post(port, '/v1/streams', encodeJson(HELLO), ask);
  if (status !== 201) throw new Error(`${status} ${body}`);
  return headers.location ?? '';
}

export const ndjson = (frames: readonly Frame[]): string => frames.map((frame) => `${encodeJson(frame)}\n`).join('');
export const records = (frames: readonly Frame[]): Uint8Array =>
  Buffer.concat(frames.map((frame) => encodeRecord(encodeCbor(frame))));

export interface StreamEvent {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** A reader of server-sent events (WHATWG HTML, 9.2.6, as far as it is used here). */
export class EventClient {
  readonly events: StreamEvent[] = [];
  comments = 0;
  status = 0;
  body = '';
  is_over = false;
  res: IncomingMessage | undefined;
  readonly #request: ClientRequest;
  readonly #waiting: Set<() => void> = new Set();
  #rest = '';

  constructor(sent: ClientRequest) {
    this.#request = sent;
    sent.on('error', () => this.#finish());
    sent.on('response', (res) => {
      this.res = res;
      this.status = res.statusCode ?? 0;
      res.setEncoding('utf8');
      res.on('data', (part: string) => this.#read(part));
      res.on('error', () => undefined);
      res.on('close', () => this.#finish());
      this.#wake();
    });
    onTestFinished(() => this.cut());
    sent.end();
  }

  /** Resolves when the head is there. */
  static async open(port: number, path: string, last_event_id?: string, ask: Ask = {}): Promise<EventClient> {
    const last = last_event_id === undefined ? {} : { 'last-event-id': last_event_id };
    const headers = { ...keyed(ask), ...last, ...ask.headers };
    const client = new EventClient(request({ port, path: `${path}/events`, headers }));
    while (client.status === 0 && !client.is_over) await client.#change();
    return client;
  }

  /** Frames so far. */
  get frames(): Frame[] {
    return this.events.filter(({ event }) => event === '').map(({ data }) => decodeJson(data));
  }

  async until(enough: () => boolean): Promise<this> {
    while (!enough()) {
      if (this.is_over) throw new Error(`over after ${this.events.length} events: ${this.status} ${this.body}`);
      await this.#change();
    }
    return this;
  }

  count(events: number): Promise<this> {
    return this.until(() => this.events.length >= events);
  }

  async over(): Promise<this> {
    while (!this.is_over) await this.#change();
    return this;
  }

  cut(): void {
    this.#request.destroy();
  }

  #read(part: string): void {
    this.#rest += part;
    if (this.status !== 200) this.body += part;
    const blocks = this.#rest.split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) {
      if (block.startsWith(':')) this.comments += 1;
      else this.events.push(parse(block));
    }
    this.#wake();
  }

  #finish(): void {
    this.is_over = true;
    this.#wake();
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

function parse(block: string): StreamEvent {
  const fields = new Map(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  return { id: fields.get('id') ?? '', event: fields.get('event') ?? '', data: fields.get('data') ?? '' };
}
