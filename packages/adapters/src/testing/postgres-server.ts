import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { onFreePort, ServerProcess } from './server-process.ts';

/** Where Debian and Ubuntu put the server's programs: one folder per major version, not on PATH. */
const DEBIAN_ROOT = '/usr/lib/postgresql';
/** PostgreSQL does not run as root; these users exist where root runs tests. */
const USERS: readonly string[] = ['postgres', 'nobody'];
const ADMIN = 'atp';

/** The folder of `initdb` and `postgres`, the newest version first; undefined when no server is installed. */
export function findPostgres(): string | undefined {
  const versions = existsSync(DEBIAN_ROOT) ? readdirSync(DEBIAN_ROOT) : [];
  const debian = versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(DEBIAN_ROOT, version, 'bin'));
  const folders = [...debian, ...(process.env['PATH'] ?? '').split(delimiter)];
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))));
}

interface Unprivileged {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * A PostgreSQL server for tests: a data directory in a temporary folder, a loopback port of its own, trust
 * authentication, no fsync. It can be stopped and started again on the same port to play an outage.
 */
export class PostgresServer {
  readonly port: number;
  readonly #bin: string;
  readonly #dir: string;
  readonly #process: ServerProcess;
  #databases = 0;

  private constructor(bin: string, dir: string, user: Unprivileged, port: number) {
    const args = ['-D', join(dir, 'data'), '-p', String(port), '-h', '127.0.0.1', '-k', '', '-F'];
    this.#bin = bin;
    this.#dir = dir;
    this.port = port;
    this.#process = new ServerProcess({
      program: join(bin, 'postgres'),
      args: [...args, '-c', 'max_connections=200'],
      options: { ...user, cwd: dir },
      ready: /database system is ready to accept connections/,
      end_signal: 'SIGQUIT',
    });
  }

  /** Makes and starts a server. Throws what `initdb` or the server said when that fails. */
  static async start(bin: string | undefined = findPostgres()): Promise<PostgresServer> {
    if (bin === undefined) throw new Error('PostgreSQL is not installed: run scripts/install-services.sh');
    const user = unprivileged();
    const dir = mkdtempSync(join(tmpdir(), 'atp-postgres-'));
    if (user.uid !== undefined) chownSync(dir, user.uid, user.gid ?? user.uid);
    try {
      const args = ['-D', join(dir, 'data'), '-U', ADMIN, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
      execFileSync(join(bin, 'initdb'), args, { ...user, cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] });
      return await onFreePort(async (port) => {
        const server = new PostgresServer(bin, dir, user, port);
        await server.resume();
        return server;
      });
    } catch (error) {
      rmSync(dir, { recursive: true, force: true });
      throw error;
    }
  }

  /** Address of one of its databases. */
  url(database: string = 'postgres'): string {
    return `postgres://${ADMIN}@127.0.0.1:${this.port}/${database}`;
  }

  /** Makes an empty database; returns its address. */
  createDatabase(): string {
    this.#databases += 1;
    const name = `db${this.#databases}`;
    this.query('postgres', `CREATE DATABASE ${name}`);
    return this.url(name);
  }

  /** Runs one statement through `psql`, apart from every driver under test; returns its rows as text. */
  query(database: string, sql: string): string {
    const args = ['-h', '127.0.0.1', '-p', String(this.port), '-U', ADMIN, '-d', database, '-XAtqc', sql];
    return execFileSync(join(this.#bin, 'psql'), args, { encoding: 'utf8', cwd: this.#dir }).trim();
  }

  /** Starts the server after `halt`, if it does not run; resolves when it takes connections. */
  resume(): Promise<void> {
    return this.#process.start();
  }

  /** Ends the server at once, as when its machine is lost; what was committed is there after `resume`. */
  halt(): Promise<void> {
    return this.#process.halt();
  }

  /** Ends the server and removes its data. */
  async stop(): Promise<void> {
    await this.halt();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

function unprivileged(): Unprivileged {
  if (process.getuid?.() !== 0) return {};
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of USERS) {
    const [, , uid, gid] = users.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (uid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(`PostgreSQL does not run as root, and there is no user ${USERS.join(' or ')}`);
}
