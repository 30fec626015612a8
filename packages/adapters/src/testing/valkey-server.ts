import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';

const SERVERS: readonly string[] = ['valkey-server', 'redis-server'];
const PORT_FIRST = 15_000;
const PORT_BEHIND = 32_000;
/** Another server can take a port between finding it free and using it. */
const PORT_ATTEMPTS = 5;

/** The program, Valkey first; undefined when neither is installed. */
export function findValkey(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const places = SERVERS.flatMap((name) => folders.map((folder) => join(folder, name)));
  return places.find((place) => existsSync(place));
}

export interface ValkeyServerOptions {
  /** Changes survive `halt`. */
  readonly is_persistent?: boolean;
  /** As on the command line, after all others. */
  readonly args?: readonly string[] | ((port: number) => readonly string[]);
}

/**
 * A Valkey or Redis server for tests, with a temporary folder and a loopback port of its own. It can be ended and started
 * again on the same port, or made to stand still, to play an outage.
 */
export class ValkeyServer {
  readonly port: number;
  readonly #program: string;
  readonly #dir: string;
  readonly #options: ValkeyServerOptions;
  #process: ChildProcess | undefined;

  private constructor(program: string, dir: string, port: number, options: ValkeyServerOptions) {
    this.#program = program;
    this.#dir = dir;
    this.port = port;
    this.#options = options;
  }

  /** Throws what the server said when it does not start. */
  static async start(options: ValkeyServerOptions = {}): Promise<ValkeyServer> {
    const program = findValkey();
    if (program === undefined)
      throw new Error('Neither Valkey nor Redis is installed: run scripts/install-services.sh');
    for (let attempt = 1; ; attempt += 1) {
      const dir = mkdtempSync(join(tmpdir(), 'atp-valkey-'));
      const server = new ValkeyServer(program, dir, await freePort(), options);
      try {
        await server.resume();
        return server;
      } catch (error) {
        await server.stop();
        if (attempt === PORT_ATTEMPTS) throw error;
      }
    }
  }

  /** Address of a database, of which there are 16. */
  url(database: number = 0, user: string = ''): string {
    return `redis://${user === '' ? '' : `${user}@`}127.0.0.1:${this.port}/${database}`;
  }

  /** Runs one command through the server's own client, apart from every library under test. */
  ask(...command: readonly string[]): string {
    const client = this.#program.replace(/-server$/, '-cli');
    return execFileSync(client, ['-p', String(this.port), ...command], { encoding: 'utf8' }).trim();
  }

  /** Starts the server after `halt`, if it does not run; resolves when it takes connections. */
  async resume(): Promise<void> {
    if (this.#process !== undefined) return;
    const { is_persistent = false, args = [] } = this.#options;
    const child = spawn(
      this.#program,
      [
        ...['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#dir, '--save', '', '--daemonize', 'no'],
        ...['--appendonly', is_persistent ? 'yes' : 'no', '--appendfsync', 'no', '--enable-debug-command', 'yes'],
        ...(typeof args === 'function' ? args(this.port) : args),
      ],
      { cwd: this.#dir, stdio: ['ignore', 'pipe', 'pipe'], env: { LC_ALL: 'C', TZ: 'UTC' } },
    );
    this.#process = child;
    process.once('exit', this.#endNow);
    await ready(child);
  }

  /** Ends the server at once, as when its machine is lost. Without persistence it is empty after `resume`. */
  async halt(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    process.off('exit', this.#endNow);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => {
      child.once('exit', resolve);
    });
    child.kill('SIGKILL');
    await gone;
  }

  /** It keeps its connections, and answers nothing until `thaw`. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Ends the server and removes its data. */
  async stop(): Promise<void> {
    await this.halt();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  /** Also when the test run itself is ended. */
  readonly #endNow = (): void => {
    this.#process?.kill('SIGKILL');
  };
}

/** Resolves when the server says that it is ready, fails with what it said when it ends before. */
function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) throw new Error('no output');
      // Read to the end, or the server would wait for its own log.
      createInterface({ input: stream }).on('line', (line) => {
        if (said.length < 100) said.push(line);
        if (/ready to accept connections/i.test(line)) resolve();
      });
    }
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${said.join('\n')}`)));
  });
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
