import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';

/** Where Debian and Ubuntu put the server's programs: one folder per major version, not on PATH. */
const DEBIAN_ROOT = '/usr/lib/postgresql';
/** PostgreSQL does not run as root; these users exist where root runs tests. */
const USERS: readonly string[] = ['postgres', 'nobody'];
const ADMIN = 'atp';
const PORT_FIRST = 15_000;
const PORT_BEHIND = 32_000;
/** Another server can take a port between finding it free and using it. */
const PORT_ATTEMPTS = 5;

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
  readonly #user: Unprivileged;
  #process: ChildProcess | undefined;
  #databases = 0;

  private constructor(bin: string, dir: string, user: Unprivileged, port: number) {
    this.#bin = bin;
    this.#dir = dir;
    this.#user = user;
    this.port = port;
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
      for (let attempt = 1; ; attempt += 1) {
        const server = new PostgresServer(bin, dir, user, await freePort());
        try {
          await server.resume();
          return server;
        } catch (error) {
          if (attempt === PORT_ATTEMPTS) throw error;
        }
      }
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
  async resume(): Promise<void> {
    if (this.#process !== undefined) return;
    const args = ['-D', join(this.#dir, 'data'), '-p', String(this.port), '-h', '127.0.0.1', '-k', '', '-F'];
    const child = spawn(join(this.#bin, 'postgres'), [...args, '-c', 'max_connections=200'], {
      ...this.#user,
      cwd: this.#dir,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { LC_ALL: 'C', TZ: 'UTC' },
    });
    this.#process = child;
    process.once('exit', this.#endNow);
    await ready(child);
  }

  /** Ends the server at once, as when its machine is lost; what was committed is there after `resume`. */
  async halt(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    process.off('exit', this.#endNow);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => {
      child.once('exit', resolve);
    });
    child.kill('SIGQUIT');
    await gone;
  }

  /** Ends the server and removes its data. */
  async stop(): Promise<void> {
    await this.halt();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  /** Also when the test run itself is ended. */
  readonly #endNow = (): void => {
    this.#process?.kill('SIGQUIT');
  };
}

/** Resolves when the server says that it is ready, fails with what it said when it ends before. */
function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const said: string[] = [];
    if (child.stderr === null) throw new Error('no stderr');
    // Read to the end, or the server would wait for its own log.
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (said.length < 100) said.push(line);
      if (line.includes('database system is ready to accept connections')) resolve();
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`postgres ended with ${code}:\n${said.join('\n')}`)));
  });
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
