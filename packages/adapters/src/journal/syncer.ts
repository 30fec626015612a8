import type { JournalIo } from './io.ts';

type Target =
  | { readonly kind: 'file'; readonly fd: number; readonly close: boolean }
  | { readonly kind: 'directory'; readonly path: string };

export type SyncWaiter = (error?: Error) => void;

/**
 * Group commit to the disk: at most one round of fdatasync runs in the thread pool; who asks meanwhile shares the next
 * round. Files that rotation left behind are synced in the same round and then closed.
 */
export class Syncer {
  readonly #io: JournalIo;
  readonly #on_failure: (error: Error) => void;
  #fd: number;
  #retired: number[] = [];
  #new_names: string | undefined;
  #waiting: SyncWaiter[] = [];
  #running = false;
  rounds = 0;

  constructor(io: JournalIo, fd: number, dir: string, on_failure: (error: Error) => void) {
    this.#io = io;
    this.#fd = fd;
    this.#new_names = dir;
    this.#on_failure = on_failure;
  }

  /** Waiters of the running and of the next round. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Whether a round runs: the files may not be closed. */
  get busy(): boolean {
    return this.#running;
  }

  /** From now on `fd` is written; the file before it is closed in the next round. */
  rotate(fd: number, dir: string): void {
    this.#retired.push(this.#fd);
    this.#fd = fd;
    this.#new_names = dir;
  }

  /** `done` runs when everything written so far is on the disk. */
  request(done: SyncWaiter): void {
    this.#waiting.push(done);
    if (!this.#running) this.#startRound();
  }

  #startRound(): void {
    const group = this.#waiting;
    this.#waiting = [];
    const targets: Target[] = this.#retired.map((fd) => ({ kind: 'file', fd, close: true }));
    targets.push({ kind: 'file', fd: this.#fd, close: false });
    if (this.#new_names !== undefined) targets.push({ kind: 'directory', path: this.#new_names });
    this.#retired = [];
    this.#new_names = undefined;
    this.#running = true;
    this.#syncNext(targets, 0, (error) => {
      this.#running = false;
      this.rounds += 1;
      if (error !== undefined) this.#on_failure(error);
      for (const done of group) done(error);
      if (this.#waiting.length > 0 && !this.#running) this.#startRound();
    });
  }

  #syncNext(targets: readonly Target[], at: number, done: SyncWaiter): void {
    const target = targets[at];
    if (target === undefined) {
      done();
      return;
    }
    const next = (error: Error | null): void => {
      if (error === null) {
        this.#closeRetired([target]);
        this.#syncNext(targets, at + 1, done);
        return;
      }
      this.#closeRetired(targets.slice(at));
      done(error);
    };
    if (target.kind === 'file') this.#io.syncFile(target.fd, next);
    else this.#io.syncDirectory(target.path, next);
  }

  #closeRetired(targets: readonly Target[]): void {
    for (const target of targets) if (target.kind === 'file' && target.close) this.#io.close(target.fd);
  }
}
