import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { onFreePort, ServerProcess } from './server-process.ts';

const SERVERS: readonly string[] = ['valkey-server', 'redis-server'];

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
  readonly #process: ServerProcess;

  private constructor(program: string, dir: string, port: number, options: ValkeyServerOptions) {
    const { is_persistent = false, args = [] } = options;
    this.#program = program;
    this.#dir = dir;
    this.port = port;
    this.#process = new ServerProcess({
      program,
      args: [
        ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--daemonize', 'no'],
        ...['--appendonly', is_persistent ? 'yes' : 'no', '--appendfsync', 'no', '--enable-debug-command', 'yes'],
        ...(typeof args === 'function' ? args(port) : args),
      ],
      options: { cwd: dir },
      ready: /ready to accept connections/i,
      end_signal: 'SIGKILL',
    });
  }

  /** Throws what the server said when it does not start. */
  static async start(options: ValkeyServerOptions = {}): Promise<ValkeyServer> {
    const program = findValkey();
    if (program === undefined)
      throw new Error('Neither Valkey nor Redis is installed: run scripts/install-services.sh');
    return onFreePort(async (port) => {
      const dir = mkdtempSync(join(tmpdir(), 'atp-valkey-'));
      const server = new ValkeyServer(program, dir, port, options);
      try {
        await server.resume();
        return server;
      } catch (error) {
        await server.stop();
        throw error;
      }
    });
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
  resume(): Promise<void> {
    return this.#process.start();
  }

  /** Ends the server at once, as when its machine is lost. Without persistence it is empty after `resume`. */
  halt(): Promise<void> {
    return this.#process.halt();
  }

  /** It keeps its connections, and answers nothing until `thaw`. */
  freeze(): void {
    this.#process.signal('SIGSTOP');
  }

  thaw(): void {
    this.#process.signal('SIGCONT');
  }

  /** Ends the server and removes its data. */
  async stop(): Promise<void> {
    await this.halt();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
