import { Worker } from 'node:worker_threads';
import { AtpError } from '@atp-router/kernel';
import type { TablesStart } from '../sql/index.ts';
import type { JournalLimit } from './projector.ts';
import type { Answers, QuestionName, Questions } from './questions.ts';
import { type FromWorker, fromWire, type ToWorker, type WorkerInput } from './worker-protocol.ts';

/** Questions that wait for an answer; each holds little, but a slow database must not collect them without end. */
const QUESTIONS_MAX = 256;

/**
 * How often the worker hears that the journal has grown. Questions carry their own news and do not wait for it, so this
 * only bounds what a start after a crash catches up; longer shares waking up and the transaction between more calls.
 */
const NOTICE_MS = 1_000;

/**
 * The worker's young generation, in MiB. V8's own choice, made for a main thread, took 140 MB more of the process at full
 * load and saved no time.
 */
const YOUNG_MIB = 16;

/** Before a worker that ended by itself is started again; doubles up to the longest, and starts over once it is ready. */
const RESTART_FIRST_MS = 100;
const RESTART_LONGEST_MS = 30_000;

/** How long a stop waits for the tables to catch up. What is missing then is caught up at the next start. */
const CLOSE_MS = 10_000;

export interface WorkerClientOptions {
  readonly input: Omit<WorkerInput, 'limit'>;
  /** The end of the journal as it is now, and how many blocks this process has written up to there. */
  readonly end: () => JournalLimit & { readonly blocks: number };
  readonly on_problem: (problem: AtpError) => void;
  /** The worker's script; another one only in tests. */
  readonly script?: URL;
}

export interface WorkerStart extends TablesStart {
  readonly rebuilt?: string;
}

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: AtpError) => void;
}

/** The other end of the projection worker: starts it again when it dies, and never waits for it on the hot path. */
export class WorkerClient implements Answers {
  readonly #options: WorkerClientOptions;
  readonly #waiting: Map<number, Waiting> = new Map();
  #worker: Worker | undefined;
  #next_id = 1;
  #notice: NodeJS.Timeout | undefined;
  #restart: NodeJS.Timeout | undefined;
  #restart_ms = RESTART_FIRST_MS;
  #reached_blocks = 0;
  #state: 'starting' | 'ready' | 'restarting' | 'closing' = 'starting';
  #closed: (() => void) | undefined;
  #started: { resolve(start: WorkerStart): void; reject(error: AtpError): void } | undefined;

  constructor(options: WorkerClientOptions) {
    this.#options = options;
  }

  /** Starts the worker; resolves when the tables hold the whole journal. Rejects when they cannot. */
  start(): Promise<WorkerStart> {
    return new Promise((resolve, reject) => {
      this.#started = { resolve, reject };
      this.#spawn();
    });
  }

  /** Blocks that this process has written and that are not in the tables. */
  lagBlocks(): number {
    return this.#options.end().blocks - this.#reached_blocks;
  }

  /** The journal has grown. Cheap: called for each block. */
  notice(): void {
    if (this.#notice !== undefined) return;
    this.#notice = setTimeout(() => {
      this.#notice = undefined;
      const { blocks: mark, ...limit } = this.#options.end();
      this.#post({ kind: 'limit', limit, mark });
    }, NOTICE_MS);
    this.#notice.unref();
  }

  ask<N extends QuestionName>(name: N, ...args: Questions[N]['args']): Promise<Questions[N]['answer']> {
    return this.#question((id, limit) => ({ kind: 'ask', id, name, args, limit }));
  }

  async rebuild(): Promise<void> {
    await this.#question<unknown>((id, limit) => ({ kind: 'rebuild', id, limit }));
  }

  /** A pass of retention; `elapsed_ms` is how long the process ran since the last one, 0 for the first. */
  retain(now_ms: number, elapsed_ms: number, retain_days: number): void {
    this.#post({ kind: 'retain', now_ms, elapsed_ms, retain_days, current_epoch: this.#options.end().epoch });
  }

  /** Lets the worker finish what is in the journal, then ends it. */
  async close(): Promise<void> {
    clearTimeout(this.#notice);
    clearTimeout(this.#restart);
    const was = this.#state;
    this.#state = 'closing';
    if (was !== 'restarting' && this.#worker !== undefined) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, CLOSE_MS);
        this.#closed = () => {
          clearTimeout(timer);
          resolve();
        };
        this.#holdProcess();
        this.#post({ kind: 'close', limit: this.#limit() });
      });
    }
    await this.#worker?.terminate();
    this.#rejectAll(new AtpError('draining', 'The router is stopping.'));
  }

  #limit(): JournalLimit {
    const { epoch, valid_bytes } = this.#options.end();
    return { epoch, valid_bytes };
  }

  #post(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  #question<T>(make: (id: number, limit: JournalLimit) => ToWorker): Promise<T> {
    if (this.#state !== 'ready') {
      return Promise.reject(
        new AtpError('internal_error', 'The usage tables are not available. Retry soon.', { status: 503 }),
      );
    }
    if (this.#waiting.size >= QUESTIONS_MAX) {
      return Promise.reject(new AtpError('backpressure', 'Too many questions wait for the usage tables. Retry soon.'));
    }
    const id = this.#next_id;
    this.#next_id += 1;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#holdProcess();
      this.#post(make(id, this.#limit()));
    });
  }

  #spawn(): void {
    const typescript = import.meta.url.endsWith('.ts');
    const script =
      this.#options.script ?? new URL(typescript ? './journal-worker.ts' : './journal-worker.js', import.meta.url);
    const workerData: WorkerInput = { ...this.#options.input, limit: this.#limit() };
    // From sources the worker has to resolve the other rooms to their sources too, whatever started this process.
    const worker = new Worker(script, {
      workerData,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
      ...(typescript && { execArgv: ['--conditions=atp-source'] }),
    });
    this.#worker = worker;
    const mark = this.#options.end().blocks;
    worker.on('message', (message: FromWorker) => this.#receive(message, mark));
    worker.on('error', (error: Error) => this.#options.on_problem(lostWorker(error)));
    worker.on('exit', () => this.#ended(worker));
  }

  /** Nobody waits for the worker: it must not keep the process alive. The ledger is closed before a regular end. */
  #holdProcess(): void {
    if (this.#state === 'ready' && this.#waiting.size === 0) this.#worker?.unref();
    else this.#worker?.ref();
  }

  #receive(message: FromWorker, start_mark: number): void {
    switch (message.kind) {
      case 'ready': {
        this.#state = this.#state === 'closing' ? 'closing' : 'ready';
        this.#restart_ms = RESTART_FIRST_MS;
        this.#reached_blocks = start_mark;
        const { start, rebuilt } = message;
        this.#started?.resolve({ ...start, ...(rebuilt !== undefined && { rebuilt }) });
        this.#started = undefined;
        this.#holdProcess();
        this.notice();
        return;
      }
      case 'not_ready':
        // Who waits for the start gets it as the reason why there is none.
        if (this.#started === undefined) this.#options.on_problem(fromWire(message.error));
        this.#started?.reject(fromWire(message.error));
        this.#started = undefined;
        return;
      case 'answer':
        this.#take(message.id)?.resolve(message.value as never);
        return;
      case 'refused':
        this.#take(message.id)?.reject(fromWire(message.error));
        return;
      case 'reached':
        this.#reached_blocks = message.mark;
        return;
      case 'problem':
        this.#options.on_problem(fromWire(message.error));
        return;
      case 'closed':
        this.#closed?.();
    }
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    this.#holdProcess();
    return waiting;
  }

  #ended(worker: Worker): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    this.#closed?.();
    this.#rejectAll(lostWorker(undefined));
    this.#started?.reject(lostWorker(undefined));
    this.#started = undefined;
    if (this.#state === 'closing' || this.#state === 'starting') return;
    this.#state = 'restarting';
    this.#restart = setTimeout(() => this.#spawn(), this.#restart_ms);
    this.#restart.unref();
    this.#restart_ms = Math.min(RESTART_LONGEST_MS, this.#restart_ms * 2);
  }

  #rejectAll(error: AtpError): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

function lostWorker(cause: Error | undefined): AtpError {
  const text = 'The thread that keeps the usage tables ended. It is started again and goes on where it was.';
  return new AtpError('internal_error', text, { status: 503, ...(cause && { cause }) });
}
