import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { bareEnv } from '@atp-router/adapters/testing';

const STDERR_CHARS_KEPT = 8_000;

export interface ChildOptions {
  readonly entry: URL;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly node_args?: readonly string[];
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A Node process that a test started and that the test ends, by its pid. */
export class Child {
  readonly process: ChildProcess;
  readonly exited: Promise<Exit>;
  #stderr = '';

  constructor(options: ChildOptions) {
    const entry = fileURLToPath(options.entry);
    const args = ['--conditions=atp-source', ...(options.node_args ?? []), entry, ...options.args];
    this.process = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...bareEnv(), ...options.env },
      serialization: 'json',
    });
    this.exited = new Promise((resolve) => {
      this.process.once('error', (error) => {
        this.#stderr += error.message;
        resolve({ code: null, signal: null });
      });
      this.process.once('exit', (code, signal) => resolve({ code, signal }));
    });
    this.process.stderr?.on('data', (data: Buffer) => {
      this.#stderr = (this.#stderr + data.toString()).slice(-STDERR_CHARS_KEPT);
    });
    process.once('exit', this.#endNow);
    void this.exited.then(() => process.off('exit', this.#endNow));
  }

  get pid(): number {
    return this.process.pid ?? -1;
  }

  /** The last of what it wrote to stderr. */
  get stderr(): string {
    return this.#stderr;
  }

  get running(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /** Resolves with the first line on stdout that the pattern matches; fails with its stderr when it ends before. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    const { stdout } = this.process;
    if (stdout === null) throw new Error('no stdout');
    const lines = createInterface({ input: stdout });
    const found = new Promise<RegExpExecArray>((resolve) => {
      lines.on('line', (line) => {
        const match = pattern.exec(line);
        if (match !== null) resolve(match);
      });
    });
    const ended = this.exited.then(({ code, signal }) => {
      throw new Error(`ended (${code ?? signal}) before it printed ${pattern}\n${this.#stderr}`);
    });
    ended.catch(() => undefined);
    return await Promise.race([found, ended]);
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running) this.process.kill(signal);
  }

  async kill(): Promise<Exit> {
    this.signal('SIGKILL');
    return await this.exited;
  }

  /** Also when the test run itself is ended. */
  readonly #endNow = (): void => {
    this.signal('SIGKILL');
  };
}
