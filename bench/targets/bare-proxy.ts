/**
 * The baseline of the bench: the least that a gateway on `node:http` and undici has to do. It buffers and parses
 * the JSON body of each request, forwards the bytes to one upstream and relays the answer. It knows no keys,
 * budgets, retries or records.
 *
 * Usage: node bare-proxy.ts http://127.0.0.1:UPSTREAM_PORT
 * Prints `listening 127.0.0.1:PORT`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Dispatcher, Pool } from 'undici';

const BODY_BYTES_MAX = 8 * 1024 * 1024;
/** Answers up to this size leave in one write, together with their head. */
const WHOLE_BYTES_MAX = 64 * 1024;
/** More than any scenario opens, so that the pool never queues. */
const UPSTREAM_CONNECTIONS_MAX = 10_000;

const upstream = process.argv[2];
if (upstream === undefined) {
  process.stderr.write('usage: bare-proxy.ts UPSTREAM_URL\n');
  process.exit(2);
}

const pool = new Pool(upstream, { connections: UPSTREAM_CONNECTIONS_MAX, bodyTimeout: 60_000, headersTimeout: 60_000 });
const REQUEST_HEADERS = ['content-type', 'application/json'];

/** Headers that belong to one hop (RFC 9110 §7.6.1); `node:http` writes its own. */
function isHopByHop(name: string): boolean {
  return name === 'connection' || name === 'keep-alive' || name === 'transfer-encoding';
}

function relayHeaders(controller: Dispatcher.DispatchController, parsed: NodeJS.Dict<string | string[]>): string[] {
  const flat: string[] = [];
  const raw = controller.rawHeaders;
  if (Array.isArray(raw)) {
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const name = String(raw[i]).toLowerCase();
      if (!isHopByHop(name)) flat.push(name, String(raw[i + 1]));
    }
    return flat;
  }
  for (const [name, value] of Object.entries(parsed)) {
    if (value !== undefined && !isHopByHop(name)) flat.push(name, String(value));
  }
  return flat;
}

/** Relays one upstream answer to one client. */
class Relay implements Dispatcher.DispatchHandler {
  readonly #res: ServerResponse;
  #controller: Dispatcher.DispatchController | undefined;
  #whole: Buffer[] | undefined;

  constructor(res: ServerResponse) {
    this.#res = res;
    res.on('close', () => {
      if (!res.writableFinished) this.#controller?.abort(new Error('client closed the connection'));
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#res.destroyed) controller.abort(new Error('client closed the connection'));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: NodeJS.Dict<string | string[]>,
  ): void {
    const length = headers['content-length'];
    if (length !== undefined && Number(length) <= WHOLE_BYTES_MAX) this.#whole = [];
    this.#res.writeHead(status, relayHeaders(controller, headers));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#whole !== undefined) {
      this.#whole.push(chunk);
    } else if (!this.#res.write(chunk)) {
      controller.pause();
      this.#res.once('drain', () => controller.resume());
    }
  }

  onResponseEnd(): void {
    const whole = this.#whole;
    if (whole === undefined) {
      this.#res.end();
      return;
    }
    // As a latin1 string the bytes stay the same, and node joins them with the head into one buffer and one write(2).
    this.#res.end(Buffer.concat(whole).toString('latin1'), 'latin1');
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#res.headersSent || this.#res.destroyed) this.#res.destroy();
    else refuse(this.#res, 502, error.message);
  }
}

function refuse(res: ServerResponse, status: number, message: string): void {
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(JSON.stringify({ error: { message, type: 'proxy_error', code: null } }));
}

function forward(req: IncomingMessage, res: ServerResponse, body: Buffer): void {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString());
  } catch {
    parsed = undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || !('model' in parsed)) {
    refuse(res, 400, 'the body must be a JSON object with a model');
    return;
  }
  pool.dispatch({ path: req.url ?? '/', method: 'POST', headers: REQUEST_HEADERS, body }, new Relay(res));
}

const server = createServer((req, res) => {
  const chunks: Buffer[] = [];
  let size = 0;
  req.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) req.destroy();
    else chunks.push(chunk);
  });
  req.on('end', () => {
    if (req.method !== 'POST') {
      refuse(res, 405, 'only POST is forwarded');
      return;
    }
    forward(req, res, chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
  });
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) process.stdout.write(`listening 127.0.0.1:${address.port}\n`);
});
process.on('SIGTERM', () => process.exit(0));
