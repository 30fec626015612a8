import { Worker } from 'node:worker_threads';
import type { AsyncEmbedder } from '@atp-router/consensus';
import { AtpError } from '@atp-router/kernel';
import type { OnnxOptions } from './onnx-model.ts';
import type { WorkerSays } from './onnx-worker.ts';

/** Questions that wait for the thread; each holds the texts of an answer in memory. */
const PENDING_MAX = 64;
/** A thread that is at one question for so many times as long as anybody waits hangs, and is ended. */
const HUNG_TIMES = 8;
/** A thread that ended is not begun anew before that: loading weights takes seconds. */
const AGAIN_MS = 10_000;

/** An embedder on this machine, which has a thread until it is closed. */
export interface LocalEmbedder extends AsyncEmbedder {
  close(): Promise<void>;
}

export interface OnnxEmbedderOptions extends OnnxOptions {
  /** A question that has waited longer is not begun: nobody waits for it any more. */
  readonly timeout_ms: number;
}

interface Question {
  readonly texts: readonly string[];
  readonly asked_ms: number;
  readonly resolve: (vectors: readonly Float32Array[]) => void;
  readonly reject: (error: AtpError) => void;
}

type State =
  | { readonly kind: 'starting' }
  | { readonly kind: 'open'; readonly worker: Worker }
  | { readonly kind: 'broken'; readonly since_ms: number }
  | { readonly kind: 'closed' };

/** Loads the weights in a thread of their own. Rejects with `config_invalid`, which says what is missing. */
export async function openOnnxEmbedder(options: OnnxEmbedderOptions): Promise<LocalEmbedder> {
  const started = await start(options);
  return new OnnxEmbedder(options, started);
}

interface Started {
  readonly worker: Worker;
  readonly id: string;
  readonly dims: number;
}

class OnnxEmbedder implements LocalEmbedder {
  readonly id: string;
  readonly dims: number;
  readonly #options: OnnxEmbedderOptions;
  /** The first is the one that the thread is at. */
  readonly #questions: Question[] = [];
  #state: State = { kind: 'starting' };
  #hung: NodeJS.Timeout | undefined;

  constructor(options: OnnxEmbedderOptions, started: Started) {
    this.#options = options;
    this.id = started.id;
    this.dims = started.dims;
    this.#use(started.worker);
  }

  embed(texts: readonly string[]): Promise<readonly Float32Array[]> {
    if (texts.length === 0) return Promise.resolve([]);
    if (this.#state.kind === 'closed') return Promise.reject(ended('it is closed'));
    if (this.#questions.length >= PENDING_MAX) {
      const message = `${PENDING_MAX} questions wait for the ONNX model already. Retry shortly.`;
      return Promise.reject(new AtpError('backpressure', message, { retry_after_ms: this.#options.timeout_ms }));
    }
    if (this.#state.kind === 'broken') {
      if (performance.now() - this.#state.since_ms < AGAIN_MS) return Promise.reject(ended('it was just ended'));
      this.#again();
    }
    return new Promise((resolve, reject) => {
      this.#questions.push({ texts, asked_ms: performance.now(), resolve, reject });
      if (this.#questions.length === 1) this.#ask();
    });
  }

  async close(): Promise<void> {
    const { worker } = { worker: undefined, ...this.#state };
    this.#state = { kind: 'closed' };
    this.#rejectAll('it is closed');
    await worker?.terminate();
  }

  #again(): void {
    this.#state = { kind: 'starting' };
    start(this.#options).then(
      ({ worker, id }) => {
        // Other weights under the same path would give vectors that cannot be compared with what is kept.
        if (this.#state.kind === 'starting' && id === this.id) this.#use(worker);
        else void worker.terminate().then(() => this.#break('its file has changed'));
      },
      () => this.#break('it did not start again'),
    );
  }

  #use(worker: Worker): void {
    this.#state = { kind: 'open', worker };
    worker.unref();
    worker.on('message', (said: WorkerSays) => this.#onSaid(said));
    worker.on('error', () => this.#onGone(worker));
    worker.on('exit', () => this.#onGone(worker));
    this.#ask();
  }

  #ask(): void {
    if (this.#state.kind !== 'open') return;
    const { timeout_ms } = this.#options;
    for (let next = this.#questions[0]; next !== undefined; next = this.#questions[0]) {
      if (performance.now() - next.asked_ms <= timeout_ms) {
        const { worker } = this.#state;
        worker.postMessage(next.texts);
        this.#hung = setTimeout(() => void worker.terminate(), HUNG_TIMES * timeout_ms).unref();
        return;
      }
      this.#questions.shift();
      next.reject(ended('it had too much to do'));
    }
  }

  #onSaid(said: WorkerSays): void {
    clearTimeout(this.#hung);
    const question = this.#questions.shift();
    if (question === undefined) return;
    if (said.kind === 'made') question.resolve(split(said.vectors, this.dims));
    else question.reject(ended(said.kind === 'failed' ? said.message : 'it said something else'));
    this.#ask();
  }

  #onGone(worker: Worker): void {
    if (this.#state.kind === 'open' && this.#state.worker === worker) this.#break('its thread ended');
  }

  #break(why: string): void {
    if (this.#state.kind === 'closed') return;
    this.#state = { kind: 'broken', since_ms: performance.now() };
    this.#rejectAll(why);
  }

  #rejectAll(why: string): void {
    clearTimeout(this.#hung);
    for (const { reject } of this.#questions.splice(0)) reject(ended(why));
  }
}

function start(options: OnnxOptions): Promise<Started> {
  // Sources run as they are in development and as built files when installed.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const { file, tokenizer, max_tokens, pooling } = options;
  const workerData: OnnxOptions = { file, tokenizer, max_tokens, pooling };
  const worker = new Worker(new URL(`./onnx-worker.${extension}`, import.meta.url), { workerData });
  return new Promise((resolve, reject) => {
    const refuse = (message: string): void => {
      void worker.terminate();
      reject(new AtpError('config_invalid', message));
    };
    worker.once('message', (said: WorkerSays) => {
      for (const event of ['error', 'exit']) worker.removeAllListeners(event);
      if (said.kind === 'ready') resolve({ worker, id: said.id, dims: said.dims });
      else refuse(said.kind === 'failed' ? said.message : 'embeddings: the thread of the ONNX model is not one.');
    });
    worker.once('error', ({ message }) => refuse(`embeddings.file: ${file} cannot be loaded: ${message}`));
    worker.once('exit', () => refuse(`embeddings.file: ${file} cannot be loaded: its thread ended.`));
  });
}

function split(all: Float32Array, dims: number): readonly Float32Array[] {
  return Array.from({ length: all.length / dims }, (_, i) => all.slice(i * dims, (i + 1) * dims));
}

function ended(why: string): AtpError {
  return new AtpError('internal_error', `The ONNX model gave no vectors: ${why}.`);
}
