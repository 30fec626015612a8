import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Exchange, type Output, type Report } from './exchange.ts';
import type { ServedLog } from './log.ts';
import {
  type Answer,
  type Behaviour,
  REQUEST_MARK,
  type Script,
  SCRIPT_MARK,
  textAnswer,
  type ToUpstream,
} from './script.ts';
import { type Json, type RenderContext, type Shape, SHAPES } from './shapes/index.ts';
import { wholeTokens, writtenTokens } from './written.ts';

const DEFAULT: Behaviour = {};
const HELLO: Answer = textAnswer('Hello', ' from', ' upstream.');
/** A body of at most this many characters is shown to the test. */
const SHOWN_CHARS_MAX = 4_000_000;

interface Asked {
  readonly n: number;
  readonly provider: string;
  readonly path: string;
  readonly shape: Shape;
  readonly body: Json;
  readonly text: string;
  readonly stream: boolean;
}

/**
 * A provider of every shape at once: `/<provider id>` before the path says which one the router thinks it asks. What it
 * answers is decided by the `script:<id>` mark in the prompt.
 */
export class ScriptedUpstream {
  readonly #log: ServedLog;
  readonly #report: Report;
  readonly #quiet: boolean;
  readonly #scripts: Map<string, { readonly script: Script; readonly asked: Map<string, number> }> = new Map();
  readonly #exchanges: Map<number, { readonly script: string; readonly exchange: Exchange }> = new Map();
  readonly #released: Set<string> = new Set();
  #requests = 0;

  constructor(log: ServedLog, report: Report, quiet: boolean) {
    this.#log = log;
    this.#report = report;
    this.#quiet = quiet;
  }

  listen(): Promise<Server> {
    const server = createServer({ keepAlive: true, noDelay: true }, (req, res) => this.#collect(req, res));
    server.keepAliveTimeout = 0;
    server.requestTimeout = 0;
    return new Promise((resolve) => server.listen(0, '127.0.0.1', 4_096, () => resolve(server)));
  }

  handle(message: ToUpstream): void {
    switch (message.op) {
      case 'script':
        this.#scripts.set(message.id, { script: message.script, asked: new Map() });
        this.#report({ ev: 'done', id: message.id });
        break;
      case 'step':
        this.#exchanges.get(message.n)?.exchange.step(message.count);
        break;
      case 'release':
        this.#released.add(message.id);
        for (const { script, exchange } of this.#exchanges.values()) if (script === message.id) exchange.step(Infinity);
        this.#report({ ev: 'done', id: message.id });
        break;
      case 'abort':
        this.#exchanges.get(message.n)?.exchange.abort();
        break;
      case 'written':
        this.#report({ ev: 'written', ask: message.ask, bytes: this.#exchanges.get(message.n)?.exchange.bytes ?? -1 });
    }
  }

  #collect(req: IncomingMessage, res: ServerResponse): void {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('error', () => undefined);
    res.on('error', () => undefined);
    req.on('end', () => this.#answer(req, res, Buffer.concat(chunks).toString('utf8')));
  }

  #answer(req: IncomingMessage, res: ServerResponse, text: string): void {
    const url = req.url ?? '/';
    const slash = url.indexOf('/', 1);
    const provider = url.slice(1, slash);
    const path = url.slice(slash);
    const shape = SHAPES.find((one) => one.owns(path));
    if (shape === undefined) {
      res.writeHead(404, { 'content-type': 'text/plain' }).end(`no shape owns ${path}`);
      return;
    }
    const body = JSON.parse(text) as Json;
    this.#requests += 1;
    const n = this.#requests;
    const stream = shape.wantsStream(path, body);
    const script = SCRIPT_MARK.exec(text)?.[1] ?? '';
    const req_id = REQUEST_MARK.exec(text)?.[1] ?? '';
    const behaviour = this.#behaviourOf(script, provider);
    const status = behaviour.status ?? 200;
    this.#log.add({ t: 'request', n, req: req_id, provider, shape: shape.id, stream, status });
    const output = this.#outputOf({ n, provider, path, shape, body, text, stream }, behaviour);
    const exchange = new Exchange(n, res, behaviour, output, this.#quiet ? () => undefined : this.#report, (closed) => {
      this.#exchanges.delete(n);
      this.#log.add({ t: 'closed', ...closed });
      if (!this.#quiet) this.#report({ ev: 'closed', ...closed });
    });
    this.#exchanges.set(n, { script, exchange });
    if (this.#released.has(script)) exchange.step(Infinity);
    if (!this.#quiet) {
      const headers = req.headers as Readonly<Record<string, string>>;
      const seen = { n, provider, shape: shape.id, method: req.method ?? '', path, headers, script };
      this.#report({ ev: 'request', ...seen, body: text.slice(0, SHOWN_CHARS_MAX) });
    }
    void exchange.run();
  }

  /** The first, second, … of the script's behaviours for this provider; the last one goes on. */
  #behaviourOf(id: string, provider: string): Behaviour {
    const known = this.#scripts.get(id);
    if (known === undefined) return DEFAULT;
    const key = known.script[provider] === undefined ? '*' : provider;
    const sequence = known.script[key];
    if (sequence === undefined) return DEFAULT;
    const count = known.asked.get(key) ?? 0;
    known.asked.set(key, count + 1);
    return sequence[Math.min(count, sequence.length - 1)] ?? DEFAULT;
  }

  #outputOf(asked: Asked, behaviour: Behaviour): Output {
    const { n, shape, body, stream, path } = asked;
    const status = behaviour.status ?? 200;
    const named = /\/models\/([^:]+):/.exec(path)?.[1];
    const ctx: RenderContext = { n, model: String(body['model'] ?? named ?? ''), body };
    const answer = behaviour.answer ?? HELLO;
    const as_stream = stream && status < 300;
    const frames = as_stream
      ? [...(behaviour.frames ?? shape.frames(answer, ctx))]
      : [behaviour.body ?? JSON.stringify(status < 300 ? shape.plain(answer, ctx) : errorOf(shape, status, behaviour))];
    if (as_stream && behaviour.body !== undefined) frames.splice(0, frames.length, behaviour.body);
    const onFrame = status < 300 ? this.#teller(n, shape, answer, frames, as_stream) : () => undefined;
    if (behaviour.insert !== undefined) frames.splice(behaviour.insert.at, 0, behaviour.insert.raw);
    return {
      status,
      headers: {
        'content-type': as_stream ? shape.stream_type : 'application/json',
        ...(as_stream ? {} : { 'content-length': String(Buffer.byteLength(frames.join(''))) }),
        ...behaviour.headers,
      },
      frames,
      onFrame,
    };
  }

  /** Logs what each frame of an answer makes known, before it leaves. */
  #teller(n: number, shape: Shape, answer: Answer, frames: readonly string[], stream: boolean): Output['onFrame'] {
    const { usage } = answer;
    const written = stream ? writtenTokens(answer, frames) : [wholeTokens(answer)];
    const usage_at = stream ? shape.usageAt(frames) : 0;
    return (i) => {
      const out_tokens = written[i] ?? 0;
      if (out_tokens > (written[i - 1] ?? 0)) this.#log.add({ t: 'wrote', n, out_tokens });
      if (usage === undefined) return;
      if (stream && i === shape.prompt_at) this.#log.add({ t: 'prompt', n, in_tokens: usage.in_tokens });
      if (i === usage_at) this.#log.add({ t: 'usage', n, usage });
    };
  }
}

function errorOf(shape: Shape, status: number, behaviour: Behaviour): Json {
  return shape.error(status, behaviour.message ?? `scripted ${status}`);
}
