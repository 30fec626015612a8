import { Worker } from 'node:worker_threads';
import { AtpError } from '@atp-router/kernel';
import type { CountReply, CountRequest } from './counter-worker.ts';

/** Counts that wait; each holds a prompt in memory. */
const PENDING_MAX = 64;
const PENDING_CHARS_MAX = 67_108_864;
/** The encoding takes some 70 MB, so an unused worker is let go. */
const IDLE_MS = 60_000;

/** Exact token counts by byte-pair encoding (o200k), off the event loop. */
export interface TokenCounterWorker {
  /** Sum over all texts. Rejects with `backpressure` when too much waits already. */
  count(texts: readonly string[]): Promise<number>;
  close(): Promise<void>;
}

interface Waiting {
  readonly chars: number;
  readonly resolve: (tokens: number) => void;
  readonly reject: (error: AtpError) => void;
}

/** The worker starts with the first count and ends when nobody has asked for a minute. */
export function tokenCounterWorker(): TokenCounterWorker {
  return new LazyCounter();
}

class LazyCounter implements TokenCounterWorker {
  readonly #waiting: Map<number, Waiting> = new Map();
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #chars = 0;
  #ids = 0;
  #closed = false;

  count(texts: readonly string[]): Promise<number> {
    const chars = texts.reduce((sum, text) => sum + text.length, 0);
    if (this.#closed || this.#waiting.size >= PENDING_MAX || this.#chars + chars > PENDING_CHARS_MAX) {
      const message = 'Too many token counts are waiting. Retry shortly.';
      return Promise.reject(new AtpError('backpressure', message, { retry_after_ms: 1_000 }));
    }
    clearTimeout(this.#idle);
    this.#worker ??= this.#start();
    this.#ids += 1;
    const id = this.#ids;
    this.#chars += chars;
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { chars, resolve, reject });
      worker.postMessage({ id, texts } satisfies CountRequest);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#stop();
  }

  #start(): Worker {
    // Sources run as they are in development and as built files when installed.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const worker = new Worker(new URL(`./counter-worker.${extension}`, import.meta.url));
    worker.unref();
    worker.on('message', (reply: CountReply) => this.#onReply(reply));
    worker.on('error', (cause) => this.#fail(worker, cause));
    worker.on('exit', () => this.#fail(worker, undefined));
    return worker;
  }

  #onReply({ id, tokens }: CountReply): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    this.#chars -= waiting.chars;
    waiting.resolve(tokens);
    if (this.#waiting.size > 0) return;
    this.#idle = setTimeout(() => void this.#stop(), IDLE_MS);
    this.#idle.unref();
  }

  #fail(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#chars = 0;
    for (const { reject } of this.#waiting.values()) {
      reject(new AtpError('internal_error', 'The token counter ended unexpectedly.', { cause }));
    }
    this.#waiting.clear();
  }

  async #stop(): Promise<void> {
    clearTimeout(this.#idle);
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#fail(worker, undefined);
    await worker.terminate();
  }
}
