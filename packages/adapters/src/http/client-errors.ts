import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { replyInProgress } from './connections.ts';
import { type ExchangeSettings, LINGER_MS, NodeExchange } from './node-exchange.ts';

interface Refusal {
  readonly status: number;
  readonly phrase: string;
  readonly code: string;
  readonly message: string;
  readonly retry?: true;
  readonly allow?: string;
}

/** Answers what node:http refuses before it becomes a request of the router: clearly, with an id, and the connection closes. */
export class ClientErrors {
  readonly #newId: () => string;

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  /** What node:http could not parse, instead of a silent reset. */
  onClientError(error: NodeJS.ErrnoException, socket: Socket): void {
    // Answered already: the rest of what the client sends is swallowed, so that it can read the answer.
    if (socket.writableEnded) return;
    const refusal = describe(error.code);
    // Failed handshakes and resets have no one to talk to; text in the middle of another reply would corrupt that one.
    if (refusal === undefined || !socket.writable || replyInProgress(socket)?.headersSent === true) socket.destroy();
    else this.#end(socket, refusal);
  }

  /** `CONNECT`: node:http hands the socket over and would close it without a word. */
  onConnect(socket: Duplex): void {
    socket.on('error', () => socket.destroy());
    socket.resume();
    this.#end(socket, NO_TUNNEL);
  }

  /** True when the request was refused: HTTP/1.1 demands a `host` (RFC 9112, 3.2). */
  lacksHost(req: IncomingMessage, res: ServerResponse, settings: ExchangeSettings): boolean {
    if (req.httpVersion !== '1.1' || req.headers.host !== undefined) return false;
    this.#reply(req, res, settings, NO_HOST);
    return true;
  }

  /** `Expect` with anything but `100-continue` (RFC 9110, 10.1.1). */
  onExpectation(req: IncomingMessage, res: ServerResponse, settings: ExchangeSettings): void {
    this.#reply(req, res, settings, UNKNOWN_EXPECTATION);
  }

  #reply(req: IncomingMessage, res: ServerResponse, settings: ExchangeSettings, refusal: Refusal): void {
    const { headers, body } = this.#answer(refusal);
    res.shouldKeepAlive = false;
    new NodeExchange(req, res, settings, false).reply(refusal.status, headers, body);
  }

  #end(socket: Duplex, refusal: Refusal): void {
    const { headers, body } = this.#answer(refusal);
    const all = [...headers, 'connection', 'close', 'content-length', String(Buffer.byteLength(body))];
    let head = `HTTP/1.1 ${refusal.status} ${refusal.phrase}\r\n`;
    for (let i = 0; i < all.length; i += 2) head += `${all[i]}: ${all[i + 1]}\r\n`;
    socket.end(`${head}\r\n${body}`);
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  }

  #answer({ code, message, retry, allow }: Refusal): { readonly headers: readonly string[]; readonly body: string } {
    const request_id = this.#newId();
    const error = { message, type: 'invalid_request_error', param: null, code, request_id, origin: 'local' };
    const headers = ['content-type', 'application/json', 'x-atp-request-id', request_id];
    headers.push('x-should-retry', String(retry === true));
    if (allow !== undefined) headers.push('allow', allow);
    return { headers, body: JSON.stringify({ error }) };
  }
}

function describe(code: string | undefined): Refusal | undefined {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return HEADERS_TOO_LARGE;
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return CHUNKS_TOO_LARGE;
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return TOO_SLOW;
    default:
      return code?.startsWith('HPE_') === true ? NOT_HTTP : undefined;
  }
}

const HEADERS_TOO_LARGE: Refusal = {
  ...{ status: 431, phrase: 'Request Header Fields Too Large', code: 'headers_too_large' },
  message: 'The request headers are too large.',
};
const CHUNKS_TOO_LARGE: Refusal = {
  ...{ status: 413, phrase: 'Content Too Large', code: 'prompt_too_large' },
  message: 'The chunk extensions of the request body are too large.',
};
const TOO_SLOW: Refusal = {
  ...{ status: 408, phrase: 'Request Timeout', code: 'request_timeout', retry: true },
  message: 'The request headers did not arrive in time.',
};
const NOT_HTTP: Refusal = {
  ...{ status: 400, phrase: 'Bad Request', code: 'invalid_request' },
  message: 'The request is not valid HTTP/1.1.',
};
const NO_HOST: Refusal = {
  ...{ status: 400, phrase: 'Bad Request', code: 'invalid_request' },
  message: 'The request has no "host" header, which HTTP/1.1 demands.',
};
const UNKNOWN_EXPECTATION: Refusal = {
  ...{ status: 417, phrase: 'Expectation Failed', code: 'invalid_request' },
  message: 'Header "expect" must be 100-continue.',
};
const NO_TUNNEL: Refusal = {
  ...{ status: 405, phrase: 'Method Not Allowed', code: 'method_not_allowed' },
  message: 'CONNECT is not served: this router is no proxy.',
  allow: 'GET, HEAD, POST, PUT, PATCH, DELETE',
};
