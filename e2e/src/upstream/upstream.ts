import { join } from 'node:path';
import { Child } from '../child.ts';
import { type LogLine, readServedLog } from './log.ts';
import type { Closed, FromUpstream, Script, SeenRequest, Sequence, ToUpstream } from './script.ts';

/** One request as the upstream got it, with the means to lead its answer step by step. */
export class UpstreamRequest {
  readonly seen: SeenRequest;
  /** How the exchange ended. */
  readonly closed: Promise<Closed>;
  readonly #send: (message: ToUpstream) => void;
  readonly #steps: Set<number> = new Set();
  readonly #awaited: Map<number, () => void> = new Map();
  #close: (closed: Closed) => void = () => undefined;

  constructor(seen: SeenRequest, send: (message: ToUpstream) => void) {
    this.seen = seen;
    this.#send = send;
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
  }

  get n(): number {
    return this.seen.n;
  }

  get json(): Record<string, unknown> {
    return JSON.parse(this.seen.body) as Record<string, unknown>;
  }

  /** Lets so many gated steps happen. */
  step(count = 1): void {
    this.#send({ op: 'step', n: this.n, count });
  }

  /** Breaks the connection off. */
  abort(): void {
    this.#send({ op: 'abort', n: this.n });
  }

  /** Resolves once a step was carried out: 0 is the head, then one for each frame. */
  async done(step: number): Promise<void> {
    if (this.#steps.has(step)) return;
    await new Promise<void>((resolve) => this.#awaited.set(step, resolve));
  }

  onStep(step: number): void {
    this.#steps.add(step);
    this.#awaited.get(step)?.();
  }

  onClosed(closed: Closed): void {
    this.#close(closed);
  }
}

/** The scripted upstream process, from the test's side. */
export class Upstream {
  readonly port: number;
  readonly log_path: string;
  readonly #child: Child;
  readonly #requests: Map<number, UpstreamRequest> = new Map();
  /** By script id, in order of arrival; those that nobody asked for yet. */
  readonly #arrived: Map<string, UpstreamRequest[]> = new Map();
  readonly #wanted: Map<string, ((request: UpstreamRequest) => void)[]> = new Map();
  readonly #asked: Map<string | number, (value: number) => void> = new Map();
  #asks = 0;
  #scripts = 0;

  private constructor(child: Child, port: number, log_path: string) {
    this.#child = child;
    this.port = port;
    this.log_path = log_path;
    child.process.on('message', (message) => this.#onEvent(message as FromUpstream));
  }

  /** `durable`: its log is synced line by line. `quiet`: it tells nothing of single requests, for load. */
  static async start(dir: string, ...flags: readonly ('durable' | 'quiet')[]): Promise<Upstream> {
    const log_path = join(dir, 'upstream.log');
    const child = new Child({ entry: new URL('./main.ts', import.meta.url), args: [log_path, ...flags] });
    const port = await new Promise<number>((resolve, reject) => {
      child.process.once('message', (message) => {
        const event = message as FromUpstream;
        if (event.ev === 'listening') resolve(event.port);
      });
      void child.exited.then(() => reject(new Error(`the upstream ended\n${child.stderr}`)));
    });
    return new Upstream(child, port, log_path);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Address of a provider, without the version that its shape puts before the path. */
  url(provider: string): string {
    return `http://127.0.0.1:${this.port}/${provider}`;
  }

  /** How the first, second, … request with the returned mark in its prompt is answered, whatever provider it asks. */
  script(...sequence: Sequence): Promise<Marked> {
    return this.scriptBy({ '*': sequence });
  }

  /** The same with sequences of their own for some providers. */
  async scriptBy(script: Script): Promise<Marked> {
    this.#scripts += 1;
    const id = `s${this.#scripts}`;
    const ready = new Promise<number>((resolve) => this.#asked.set(id, resolve));
    this.#send({ op: 'script', id, script });
    await ready;
    return { id, mark: `script:${id}` };
  }

  /** Opens all gates of a script, for requests that run and for those to come. */
  async release({ id }: Marked): Promise<void> {
    const ready = new Promise<number>((resolve) => this.#asked.set(id, resolve));
    this.#send({ op: 'release', id });
    await ready;
  }

  /** The next request that carries the script's mark, also one that came already. */
  next({ id }: Marked): Promise<UpstreamRequest> {
    const arrived = this.#arrived.get(id)?.shift();
    if (arrived !== undefined) return Promise.resolve(arrived);
    return new Promise((resolve) => this.#wanted.set(id, [...(this.#wanted.get(id) ?? []), resolve]));
  }

  /** Requests of a script that the upstream got so far and that were not taken by `next`. */
  async untaken({ id }: Marked): Promise<readonly UpstreamRequest[]> {
    // Its news come in order: with the answer to a question, everything before it is here.
    await this.#written(0);
    return this.#arrived.get(id) ?? [];
  }

  /** Bytes that it handed to the socket for a request so far; -1 when it is over. */
  written(request: UpstreamRequest): Promise<number> {
    return this.#written(request.n);
  }

  #written(n: number): Promise<number> {
    this.#asks += 1;
    const ask = this.#asks;
    return new Promise((resolve) => {
      this.#asked.set(ask, resolve);
      this.#send({ op: 'written', n, ask });
    });
  }

  log(): LogLine[] {
    return readServedLog(this.log_path);
  }

  async stop(): Promise<void> {
    await this.#child.kill();
  }

  #send(message: ToUpstream): void {
    this.#child.process.send(message);
  }

  #onEvent(event: FromUpstream): void {
    switch (event.ev) {
      case 'done':
        this.#settle(event.id, 0);
        break;
      case 'written':
        this.#settle(event.ask, event.bytes);
        break;
      case 'request':
        this.#onRequest(event);
        break;
      case 'step':
        this.#requests.get(event.n)?.onStep(event.step);
        break;
      case 'closed':
        this.#requests.get(event.n)?.onClosed(event);
        this.#requests.delete(event.n);
        break;
      case 'listening':
    }
  }

  #onRequest(seen: SeenRequest): void {
    const request = new UpstreamRequest(seen, (message) => this.#send(message));
    this.#requests.set(seen.n, request);
    const waiting = this.#wanted.get(seen.script)?.shift();
    if (waiting !== undefined) waiting(request);
    else this.#arrived.set(seen.script, [...(this.#arrived.get(seen.script) ?? []), request]);
  }

  #settle(key: string | number, value: number): void {
    this.#asked.get(key)?.(value);
    this.#asked.delete(key);
  }
}

/** A script that was posted. */
export interface Marked {
  readonly id: string;
  /** Goes into the prompt. */
  readonly mark: string;
}
