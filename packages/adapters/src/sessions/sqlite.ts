import { existsSync, statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { AtpError, type Clock } from '@atp-router/kernel';
import type { StoredChange } from '@atp-router/session';
import { fromWire } from '../journal/worker-protocol.ts';
import { createPrivate } from '../sql/private-file.ts';
import { Batch } from './batch.ts';
import { ALIVE_MS } from './file.ts';
import { resumable } from './found.ts';
import { closed } from './memory.ts';
import { damaged, endedThread, outdated, sealedOtherwise, tooSlow } from './problems.ts';
import { itemOf, Shelf } from './shelf.ts';
import {
  type FoundSession,
  type KeptSession,
  SESSION_STORE_LIMITS,
  type Saved,
  type SessionStore,
  type SessionStoreLimits,
  type SessionStoreUsage,
} from './types.ts';
import type { FoundItems, FromWorker, Opening, ToWorker, WorkerInput } from './worker-protocol.ts';

/** A thread that ended by itself is not started again sooner: what is handed in until then fails. */
const RESTART_MS = 1_000;

/** How long a stop waits for the disk. */
const CLOSE_MS = 10_000;

export interface SqliteSessionStoreOptions {
  /** The database file; made with mode 0600. */
  readonly path: string;
  /** 32 bytes: seals what is stored. */
  readonly seal_key: Uint8Array;
  /** The policy of the journal. With `always` a commit is on the disk, else it survives the process only. */
  readonly fsync: 'always' | 'interval' | 'never';
  readonly clock: Clock;
  /** Told of sessions that are lost, and of changes that could not be written. */
  readonly on_problem: (problem: AtpError) => void;
  readonly limits?: SessionStoreLimits;
}

/** Sessions in a SQLite file, written by a thread of its own. */
export function sqliteSessionStore(options: SqliteSessionStoreOptions): SessionStore {
  return new SqliteStore(options);
}

class SqliteStore implements SessionStore {
  readonly #options: SqliteSessionStoreOptions;
  readonly #limits: SessionStoreLimits;
  readonly #shelf: Shelf;
  readonly #found: FoundItems[] = [];
  readonly #alive: NodeJS.Timeout;
  #worker: Worker | undefined;
  #started_mono_ms = Number.NEGATIVE_INFINITY;
  /** What is being written, and what comes after it. */
  #writing: Batch | undefined;
  #waiting: Batch = new Batch();
  #flush: NodeJS.Immediate | undefined;
  #is_closed = false;
  #loading: { resolve(found: readonly FoundSession[]): void; reject(error: AtpError): void } | undefined;
  #idle: (() => void) | undefined;

  constructor(options: SqliteSessionStoreOptions) {
    this.#options = options;
    this.#limits = options.limits ?? SESSION_STORE_LIMITS;
    this.#shelf = new Shelf(this.#limits);
    this.#alive = setInterval(() => {
      if (this.#shelf.size > 0) this.#soon();
    }, ALIVE_MS);
    this.#alive.unref();
  }

  load(): Promise<readonly FoundSession[]> {
    // There is nothing to read: the thread begins with the first session, and many routers never have one.
    if (isFresh(this.#options.path)) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#loading = { resolve, reject };
      this.#spawn(this.#options.clock.now_ms());
    });
  }

  save(session: KeptSession, changes: readonly StoredChange[], done: Saved): void {
    const failure = this.#save(session, changes, done);
    if (failure !== undefined) queueMicrotask(() => done(failure));
  }

  #save(session: KeptSession, changes: readonly StoredChange[], done: Saved): AtpError | undefined {
    if (this.#is_closed) return closed();
    const { born } = session;
    try {
      const items = this.#shelf.plan(session, changes);
      const bytes = this.#waiting.bytes + (this.#writing?.bytes ?? 0) + Batch.bytesOf(items);
      if (bytes > this.#limits.waiting_bytes) throw tooSlow();
      this.#waiting.save(session, items, done);
      this.#soon();
      return undefined;
    } catch (error) {
      this.#shelf.fail(born);
      if (error instanceof AtpError) return error;
      throw error;
    }
  }

  disconnected({ born }: KeptSession, since_ms: number | undefined): void {
    if (this.#is_closed || !this.#shelf.has(born)) return;
    this.#waiting.since(born, since_ms);
    this.#soon();
  }

  drop({ born }: KeptSession): void {
    if (this.#is_closed || !this.#shelf.has(born)) return;
    this.#shelf.drop(born);
    this.#waiting.drop(born);
    this.#soon();
  }

  usage(): SessionStoreUsage {
    return this.#shelf.usage;
  }

  async close(): Promise<void> {
    if (this.#is_closed) return;
    this.#is_closed = true;
    clearInterval(this.#alive);
    // A thread that was never needed is not started to be told that there is nothing.
    if (this.#worker !== undefined || this.#shelf.size > 0 || !this.#waiting.is_empty) this.#write();
    const timeout = AbortSignal.timeout(CLOSE_MS);
    if (this.#writing !== undefined)
      await either(timeout, (resolve) => {
        this.#idle = resolve;
      });
    const worker = this.#worker;
    if (worker === undefined) return;
    await either(timeout, (resolve) => {
      worker.once('exit', resolve);
      worker.ref();
      this.#post({ kind: 'close' });
    });
    await worker.terminate();
  }

  /** With everything else that this turn of the event loop hands in. */
  #soon(): void {
    this.#flush ??= setImmediate(() => this.#write());
  }

  #write(): void {
    clearImmediate(this.#flush);
    this.#flush = undefined;
    // The next one goes when this one is done, or when the thread is ready.
    if (this.#writing !== undefined || this.#loading !== undefined) return;
    this.#writing = this.#waiting;
    this.#waiting = new Batch();
    if (this.#worker === undefined) this.#spawn(undefined);
    if (this.#worker === undefined) this.#done(endedThread(undefined));
    else {
      this.#worker.ref();
      this.#post({ kind: 'batch', changes: this.#writing.changes, now_ms: this.#options.clock.now_ms() });
    }
  }

  #post(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  /** `now_ms`: the first start, which reads what there is. */
  #spawn(now_ms: number | undefined): void {
    const mono_ms = this.#options.clock.mono_ms();
    if (mono_ms - this.#started_mono_ms < RESTART_MS) return;
    this.#started_mono_ms = mono_ms;
    const { path, seal_key, fsync } = this.#options;
    const input: WorkerInput = {
      path,
      seal_key,
      is_synced: fsync === 'always',
      ...(now_ms !== undefined && { now_ms }),
    };
    const typescript = import.meta.url.endsWith('.ts');
    const built = new URL('./sessions-worker.js', import.meta.url);
    const script = typescript ? new URL('./sessions-worker.ts', import.meta.url) : built;
    // From sources the worker has to resolve the other rooms to their sources too, whatever started this process.
    const worker = new Worker(script, {
      workerData: input,
      ...(typescript && { execArgv: ['--conditions=atp-source'] }),
    });
    this.#worker = worker;
    worker.on('message', (message: FromWorker) => this.#receive(message));
    let cause: Error | undefined;
    worker.on('error', (error: Error) => {
      cause = error;
    });
    worker.on('exit', () => this.#ended(worker, cause));
  }

  #receive(message: FromWorker): void {
    switch (message.kind) {
      case 'found':
        this.#found.push(message.found);
        return;
      case 'ready':
        this.#loaded(message);
        return;
      case 'not_ready': {
        const error = fromWire(message.error);
        this.#worker = undefined;
        if (this.#loading === undefined) this.#done(error);
        this.#loading?.reject(error);
        this.#loading = undefined;
        return;
      }
      case 'done':
        this.#done(message.error === undefined ? undefined : fromWire(message.error));
    }
  }

  #loaded(opening: Opening): void {
    const loading = this.#loading;
    if (loading === undefined) return;
    this.#loading = undefined;
    this.#worker?.unref();
    const all = this.#found.splice(0);
    const { lost, outdated: count = 0 } = opening;
    if (lost !== undefined) this.#options.on_problem(damaged(lost));
    if (count > 0) this.#options.on_problem(outdated(count, this.#options.path));
    // Those that were read before the damage was met are in the file that is gone.
    loading.resolve(lost === undefined ? this.#takeAll(all) : []);
    if (!this.#waiting.is_empty) this.#soon();
  }

  #takeAll(all: readonly FoundItems[]): readonly FoundSession[] {
    const now_ms = this.#options.clock.now_ms();
    const sessions: FoundSession[] = [];
    let unreadable = 0;
    for (const { session, since_ms, items } of all) {
      const one = items && resumable(session, items.map(itemOf), since_ms, now_ms);
      if (items === undefined) unreadable += 1;
      if (items !== undefined && one !== undefined && this.#shelf.size < this.#limits.sessions) {
        for (const item of items) this.#shelf.found(session, itemOf(item), item.length);
        sessions.push(one);
      } else this.#waiting.drop(session.born);
    }
    if (unreadable > 0) this.#options.on_problem(sealedOtherwise(unreadable, this.#options.path));
    return sessions;
  }

  /** The end of what was being written. After a failure, what waits of the same sessions has failed as well. */
  #done(failure: AtpError | undefined): void {
    const batch = this.#writing;
    if (batch === undefined) return;
    this.#writing = undefined;
    if (failure !== undefined) this.#options.on_problem(failure);
    const failed = new Set(failure === undefined ? [] : batch.saves.map(({ born }) => born));
    const saves = failure === undefined ? batch.saves : [...batch.saves, ...this.#waiting.withdraw(failed)];
    for (const born of failed) this.#shelf.fail(born);
    if (!this.#waiting.is_empty) this.#write();
    else {
      this.#worker?.unref();
      this.#idle?.();
    }
    for (const { done } of saves) done(failure);
  }

  #ended(worker: Worker, cause: Error | undefined): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    this.#loading?.reject(endedThread(cause));
    this.#loading = undefined;
    this.#done(endedThread(cause));
  }
}

function either(timeout: AbortSignal, begin: (resolve: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    timeout.addEventListener('abort', () => resolve(), { once: true });
    begin(resolve);
  });
}

/** Whether the file is empty; makes it where there is none. What cannot be made is for the thread to complain of. */
function isFresh(path: string): boolean {
  try {
    createPrivate(path);
    return statSync(path).size === 0 && !existsSync(`${path}-wal`);
  } catch {
    return false;
  }
}
