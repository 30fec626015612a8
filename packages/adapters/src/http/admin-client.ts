import { AtpError } from '@atp-router/kernel';
import { Agent, type Dispatcher, request } from 'undici';

export interface AdminClientOptions {
  /** Address of the router, `http(s)://host[:port][/prefix]`. */
  readonly url: string;
  /** Sent as `Authorization: Bearer`; absent for what needs no key. */
  readonly key?: string;
  /** Time to connect, in milliseconds. Default 5,000. */
  readonly connect_timeout_ms?: number;
  /** Time to the head of an answer, and longest silence inside it, in milliseconds. Default 60,000. */
  readonly timeout_ms?: number;
}

export interface AdminRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** From the root of the router, for example `/admin/v1/status`; parts that come from users are already encoded. */
  readonly path: string;
  /** Undefined values are left out. */
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
}

export interface AdminAnswer {
  readonly kind: 'answer';
  readonly status: number;
  header(name: string): string | undefined;
  readonly text: string;
  /** The text as JSON; undefined when it is none. */
  readonly json: unknown;
}

/** The router could not be asked, or the connection broke. `code` is the system's or the library's word for it. */
export interface AdminUnreachable {
  readonly kind: 'unreachable';
  readonly code: string;
}

/** One server-sent event. */
export interface SseEvent {
  /** `message` when the stream does not say. */
  readonly event: string;
  readonly data: string;
}

export interface AdminStream {
  readonly kind: 'stream';
  header(name: string): string | undefined;
  /** Ends when the router ends the stream; throws `stream_truncated` when the connection breaks. */
  readonly events: AsyncIterable<SseEvent>;
}

/** An answer is a page of JSON or a table of usage; more is asked for in pieces. */
const ANSWER_BYTES_MAX = 67_108_864;
const EVENT_CHARS_MAX = 4_194_304;

type Body = Dispatcher.ResponseData['body'];

/** Client of a router's HTTP interface for command-line programs: few requests, whole answers, live streams. */
export class AdminClient {
  readonly #base: URL;
  readonly #key: string | undefined;
  readonly #agent: Agent;
  readonly #timeout_ms: number;

  /** Throws `invalid_request` when `url` is no address of a router. */
  constructor(options: AdminClientOptions) {
    const { url, key, connect_timeout_ms = 5_000, timeout_ms = 60_000 } = options;
    this.#base = parseUrl(url);
    this.#key = key;
    this.#timeout_ms = timeout_ms;
    this.#agent = new Agent({ connect: { timeout: connect_timeout_ms } });
  }

  /** Sends a request and reads the whole answer, whatever its status. Throws `prompt_too_large` for an answer beyond 64 MiB. */
  async send(what: AdminRequest): Promise<AdminAnswer | AdminUnreachable> {
    try {
      const response = await this.#request(what);
      return await answerOf(response);
    } catch (error) {
      return unreachable(error);
    }
  }

  /** Opens a stream of server-sent events; an answer that is none (an error) is read whole. */
  async stream(what: AdminRequest): Promise<AdminStream | AdminAnswer | AdminUnreachable> {
    try {
      const response = await this.#request(what, 'text/event-stream');
      const type = headerOf(response, 'content-type') ?? '';
      if (response.statusCode !== 200 || !type.startsWith('text/event-stream')) return await answerOf(response);
      return { kind: 'stream', header: (name) => headerOf(response, name), events: eventsOf(response.body) };
    } catch (error) {
      return unreachable(error);
    }
  }

  /** Ends all connections, also streams that are being read. */
  close(): Promise<void> {
    return this.#agent.destroy();
  }

  #request(what: AdminRequest, accept = 'application/json'): Promise<Dispatcher.ResponseData> {
    const url = new URL(this.#base);
    url.pathname = `${url.pathname.replace(/\/+$/, '')}${what.path}`;
    for (const [name, value] of Object.entries(what.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    return request(url, {
      method: what.method,
      dispatcher: this.#agent,
      headersTimeout: this.#timeout_ms,
      bodyTimeout: this.#timeout_ms,
      headers: {
        accept,
        ...(this.#key === undefined ? {} : { authorization: `Bearer ${this.#key}` }),
        ...(what.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...what.headers,
      },
      ...(what.body === undefined ? {} : { body: JSON.stringify(what.body) }),
    });
  }
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    url.username === '' &&
    url.password === '' &&
    url.search === ''
  )
    return url;
  // Not shown: it may hold a password.
  const message =
    'The url is not an address of a router. Write it like http://127.0.0.1:7443, without user, password and query.';
  throw new AtpError('invalid_request', message, { param: 'url' });
}

function headerOf({ headers }: Dispatcher.ResponseData, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

async function answerOf(response: Dispatcher.ResponseData): Promise<AdminAnswer> {
  const text = await readText(response.body);
  return {
    kind: 'answer',
    status: response.statusCode,
    header: (name) => headerOf(response, name),
    text,
    json: parseJson(text),
  };
}

async function readText(body: Body): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > ANSWER_BYTES_MAX) {
      throw new AtpError(
        'prompt_too_large',
        `The answer is larger than ${ANSWER_BYTES_MAX} bytes. Ask for less of it.`,
      );
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function* eventsOf(body: Body): AsyncGenerator<SseEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      rest += decoder.decode(chunk, { stream: true });
      // The router ends lines with a bare LF; what a proxy made of it is read, too.
      const blocks = rest.replaceAll('\r\n', '\n').split('\n\n');
      rest = blocks.pop() ?? '';
      if (rest.length > EVENT_CHARS_MAX) {
        throw new AtpError('stream_truncated', `The router sent an event of more than ${EVENT_CHARS_MAX} characters.`);
      }
      for (const block of blocks) {
        const event = parseEvent(block);
        if (event !== undefined) yield event;
      }
    }
  } catch (cause) {
    if (cause instanceof AtpError) throw cause;
    const message = 'The connection to the router broke in the middle of the stream.';
    throw new AtpError('stream_truncated', message, { origin: 'remote', cause });
  }
}

/** One block of a stream of events (WHATWG HTML, server-sent events); undefined for comments, which are heartbeats. */
function parseEvent(block: string): SseEvent | undefined {
  const values = (field: string): string[] =>
    block.split('\n').flatMap((line) => (line.startsWith(`${field}:`) ? [line.slice(field.length + 1)] : []));
  const plain = (value: string): string => (value.startsWith(' ') ? value.slice(1) : value);
  const data = values('data').map(plain);
  const event = values('event').map(plain).at(-1) ?? 'message';
  return data.length === 0 ? undefined : { event, data: data.join('\n') };
}

/** The reasons of a failed connection lie at different depths, several of them when a name has several addresses. */
function unreachable(error: unknown): AdminUnreachable {
  if (error instanceof AtpError) throw error;
  const causes = error instanceof AggregateError ? error.errors : [error];
  for (const cause of causes as readonly unknown[]) {
    const code = (cause as NodeJS.ErrnoException | undefined)?.code;
    if (typeof code === 'string') return { kind: 'unreachable', code };
  }
  return { kind: 'unreachable', code: error instanceof Error ? error.message : 'unknown reason' };
}
