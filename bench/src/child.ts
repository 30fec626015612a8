import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

const READY_MS_MAX = 20_000;
const TERM_MS_MAX = 5_000;
const KILL_MS_MAX = 5_000;
const STDERR_BYTES_KEPT = 4_000;

/** A process that this run started and that this run ends, by its pid. */
export class Child {
  readonly pid: number;
  readonly command: string;
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;
  #stderr = '';

  constructor(command: readonly string[], options: SpawnOptions = {}) {
    const [file = '', ...args] = command;
    this.command = command.join(' ');
    this.#process = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#exited = new Promise((resolve) => {
      this.#process.once('error', (error) => {
        this.#stderr += error.message;
        resolve();
      });
      this.#process.once('exit', () => resolve());
    });
    this.#process.stderr?.on('data', (data: Buffer) => {
      this.#stderr = (this.#stderr + data.toString()).slice(-STDERR_BYTES_KEPT);
    });
    this.pid = this.#process.pid ?? -1;
    process.once('exit', this.#endNow);
  }

  /** The last of what it wrote to stderr. */
  get stderr(): string {
    return this.#stderr.trim();
  }

  get running(): boolean {
    return this.pid > 0 && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Resolves with the first line on stdout that the pattern matches; later output is read and dropped. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    const { stdout } = this.#process;
    if (stdout === null) throw new Error(`${this.command}: no stdout`);
    const lines = createInterface({ input: stdout });
    const found = new Promise<RegExpExecArray>((resolve) => {
      lines.on('line', (line) => {
        const match = pattern.exec(line);
        if (match !== null) resolve(match);
      });
    });
    return await this.orFail(found);
  }

  /** Drops all output, so that a full pipe never stops the process. */
  drain(): void {
    this.#process.stdout?.resume();
  }

  /** Waits for the promise, but fails when the process ends first or the time for starting is over. */
  async orFail<T>(wanted: Promise<T>): Promise<T> {
    const timer = new AbortController();
    const ended = this.#exited.then(() => {
      throw new Error(`${this.command}: ended before it was ready\n${this.stderr}`);
    });
    const late = delay(READY_MS_MAX, undefined, { signal: timer.signal }).then(() => {
      throw new Error(`${this.command}: not ready after ${READY_MS_MAX} ms\n${this.stderr}`);
    });
    // The two losers of the race reject later or are aborted; nobody else looks at them.
    ended.catch(() => undefined);
    late.catch(() => undefined);
    try {
      return await Promise.race([wanted, ended, late]);
    } finally {
      timer.abort();
    }
  }

  /** SIGTERM, then SIGKILL when it takes too long. */
  async stop(): Promise<void> {
    if (this.running) {
      this.#process.kill('SIGTERM');
      if (!(await this.#within(TERM_MS_MAX))) {
        this.#process.kill('SIGKILL');
        await this.#within(KILL_MS_MAX);
      }
    }
    process.off('exit', this.#endNow);
  }

  async #within(limit_ms: number): Promise<boolean> {
    const timer = new AbortController();
    const late = delay(limit_ms, false, { signal: timer.signal }).catch(() => false);
    const ended = await Promise.race([this.#exited.then(() => true), late]);
    timer.abort();
    return ended;
  }

  /** SIGTERM also here: nginx would leave its worker behind if its master were killed outright. */
  readonly #endNow = (): void => {
    if (this.running) this.#process.kill('SIGTERM');
  };
}
