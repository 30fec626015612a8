import { type IncomingMessage, request as httpRequest } from 'node:http';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** The body as JSON; `any` shape is for the assertions to say. */
  readonly json: Record<string, unknown>;
}

export interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** One request with a whole answer. */
export async function call(url: string, sent: Sent = {}): Promise<Reply> {
  const { incoming } = await open(url, sent);
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, text, json: parse(text) };
}

export interface OpenStream {
  readonly incoming: IncomingMessage;
  /** The next block that satisfies `wanted`, of those that were not taken yet; rejects when the stream ends first. */
  next(wanted?: (block: Block) => boolean): Promise<Block>;
  /** The rest, once the stream has ended. */
  rest(): Promise<readonly Block[]>;
  close(): void;
}

/** One server-sent event, or a comment. */
export interface Block {
  readonly event: string;
  readonly data: string;
  readonly comment: string;
}

/** Opens a stream of server-sent events. */
export async function stream(url: string, sent: Sent = {}): Promise<OpenStream> {
  const { incoming, abort } = await open(url, sent);
  const blocks = read(incoming);
  return {
    incoming,
    async next(wanted = () => true) {
      for (;;) {
        const { value, done } = await blocks.next();
        if (done === true) throw new Error('the stream ended before the event came');
        if (wanted(value)) return value;
      }
    },
    async rest() {
      const all: Block[] = [];
      for await (const block of blocks) all.push(block);
      return all;
    },
    close: abort,
  };
}

async function* read(incoming: IncomingMessage): AsyncGenerator<Block, undefined> {
  let held = '';
  try {
    for await (const chunk of incoming) {
      held += String(chunk);
      const parts = held.split('\n\n');
      held = parts.pop() ?? '';
      for (const part of parts) yield blockOf(part);
    }
  } catch {
    // Cut off: what came whole was given out.
  }
  return undefined;
}

function blockOf(text: string): Block {
  const field = (name: string): string =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).trimStart())
      .join('\n');
  return { event: field('event'), data: field('data'), comment: text.startsWith(':') ? text.slice(1).trim() : '' };
}

function open(url: string, sent: Sent): Promise<{ incoming: IncomingMessage; abort: () => void }> {
  return new Promise((resolve, reject) => {
    const headers = { ...(sent.body === undefined ? {} : { 'content-type': 'application/json' }), ...sent.headers };
    // A connection of its own: the router is stopped at the end of each test and must not wait for a pool.
    const outgoing = httpRequest(url, { method: sent.method ?? 'GET', headers, agent: false });
    outgoing.once('response', (incoming) => resolve({ incoming, abort: () => outgoing.destroy() }));
    outgoing.once('error', reject);
    outgoing.end(sent.body);
  });
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
