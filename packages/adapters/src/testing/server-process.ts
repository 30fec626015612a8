import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

const PORT_FIRST = 15_000;
const PORT_BEHIND = 32_000;
/** Another server can take a port between finding it free and using it. */
const PORT_ATTEMPTS = 5;
/** Lines of a server that does not start; the first of them say why. */
const SAID_MAX = 100;

export interface ServerProgram {
  readonly program: string;
  readonly args: readonly string[];
  readonly options: Pick<SpawnOptions, 'cwd' | 'uid' | 'gid'>;
  /** The line that it writes when it takes connections. */
  readonly ready: RegExp;
  /** What ends it at once, as when its machine is lost. */
  readonly end_signal: NodeJS.Signals;
}

/** The process of a server for tests, which may be ended and started again. It ends with this process. */
export class ServerProcess {
  readonly #what: ServerProgram;
  #process: ChildProcess | undefined;

  constructor(what: ServerProgram) {
    this.#what = what;
  }

  /** Starts it, if it does not run; resolves when it takes connections. Rejects with what it said when it ends before. */
  async start(): Promise<void> {
    if (this.#process !== undefined) return;
    const { program, args, options, ready } = this.#what;
    const child = spawn(program, args, {
      ...options,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { LC_ALL: 'C', TZ: 'UTC' },
    });
    this.#process = child;
    process.once('exit', this.#endNow);
    await says(child, ready);
  }

  /** Ends it at once; resolves when it is gone. */
  async halt(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    process.off('exit', this.#endNow);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => {
      child.once('exit', resolve);
    });
    child.kill(this.#what.end_signal);
    await gone;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /** Also when the test run itself is ended. */
  readonly #endNow = (): void => this.signal(this.#what.end_signal);
}

/** Resolves when the server says that it is ready, fails with what it said when it ends before. */
function says(child: ChildProcess, ready: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) throw new Error('no output');
      // Read to the end, or the server would wait for its own log.
      createInterface({ input: stream }).on('line', (line) => {
        if (said.length < SAID_MAX) said.push(line);
        if (ready.test(line)) resolve();
      });
    }
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${said.join('\n')}`)));
  });
}

/** Tries `start` with ports that are free. Rejects as the last attempt does. */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

/** A port below those that the system gives away, so that nothing takes it while the server is halted. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORT_FIRST, PORT_BEHIND);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
