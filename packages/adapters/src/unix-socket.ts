import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { AtpError } from '@atp-router/kernel';
import { fileProblem, onFiles } from './system-error.ts';

/** What the name of a socket may take: `sun_path` without its final zero (Linux unix(7), BSD unix(4)). */
const PATH_BYTES_MAX = process.platform === 'linux' ? 107 : 103;
/** Connections that the kernel keeps until they are accepted, as those of TCP. */
const BACKLOG = 1_024;

/**
 * Listens on a Unix socket that only this user may connect to (mode 0600; a folder that is made for it has 0700). The
 * file that a dead process left is replaced. That two processes which start at once do not take each other's is up to
 * the caller, who holds the lock of the data directory. Rejects with `config_invalid`.
 */
export async function listenOnPath(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) {
    throw cannot(path, `the path of a socket has at most ${PATH_BYTES_MAX} bytes. Name a shorter one`);
  }
  onFiles('The folder', dirname(path), () => mkdirSync(dirname(path), { recursive: true, mode: 0o700 }));
  await clear(path);
  await new Promise<void>((resolve, reject) => {
    const onRefused = (cause: NodeJS.ErrnoException): void => reject(cannot(path, whyNot(cause.code), cause));
    server.once('error', onRefused);
    server.listen({ path, backlog: BACKLOG }, () => {
      server.off('error', onRefused);
      resolve();
    });
  });
  try {
    chmodSync(path, 0o600);
  } catch (error) {
    server.close();
    throw fileProblem('The socket', path, error);
  }
}

/** Removes the file of a socket that nobody listens on, and nothing else. */
async function clear(path: string): Promise<void> {
  const found = onFiles('The socket', path, () => lstatSync(path, { throwIfNoEntry: false }));
  if (found === undefined) return;
  // The kernel refuses connections to plain files too.
  if (!found.isSocket()) throw cannot(path, 'something that is no socket is there. Move it away, or name another path');
  const code = await knock(path);
  if (code === 'ECONNREFUSED') onFiles('The socket', path, () => rmSync(path, { force: true }));
  else if (code !== 'ENOENT') throw cannot(path, whyNot(code));
}

/** Connects, and leaves at once. The code of the refusal, or `EADDRINUSE` when somebody answers. */
function knock(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve('EADDRINUSE');
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown reason'));
  });
}

function whyNot(code: string = 'unknown reason'): string {
  switch (code) {
    case 'EADDRINUSE':
    // So many wait to be accepted there that there is no room for one more (connect(2)).
    case 'EAGAIN':
      return 'another process listens there. Stop it, or name another path';
    case 'EACCES':
    case 'EPERM':
      return `the system does not permit it (${code}). Give this user the right to write the folder, or name another path`;
    default:
      return `the system refuses it (${code}). Name another path`;
  }
}

function cannot(path: string, why: string, cause?: unknown): AtpError {
  return new AtpError('config_invalid', `Cannot listen on ${path}: ${why}.`, cause === undefined ? {} : { cause });
}
