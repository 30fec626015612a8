import type { AddressInfo, Server } from 'node:net';
import { AtpError } from '@atp-router/kernel';
import { listenOnPath } from '../unix-socket.ts';
import type { HttpAddress } from './exchange.ts';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Where to listen. */
export interface HttpPlace extends ListenAddress {
  /** Several processes listen on the port, and the system spreads connections over them (`SO_REUSEPORT`), where it can. */
  readonly reuse_port?: boolean;
  /** Unix socket for this user alone; host and port are not used then. The file that a dead process left is replaced. */
  readonly path?: string;
}

/** Connections that the system keeps until they are accepted. */
const BACKLOG = 1_024;

/** Rejects with `config_invalid` that names the address. */
export async function listenAt(server: Server, place: HttpPlace): Promise<HttpAddress> {
  const { host, port, path, reuse_port = false } = place;
  if (path !== undefined) {
    await listenOnPath(server, path);
    return { host: '', port: 0, path };
  }
  return new Promise((resolve, reject) => {
    const onRefused = (cause: NodeJS.ErrnoException): void => reject(cannotListen(place, cause));
    server.once('error', onRefused);
    server.listen({ host, port, reusePort: reuse_port, backlog: BACKLOG }, () => {
      server.off('error', onRefused);
      const { address, port: given } = server.address() as AddressInfo;
      resolve({ host: address, port: given });
    });
  });
}

/** Why the system does not let a process listen there, and what to do about it. */
export function cannotListen({ host, port }: HttpPlace, cause: NodeJS.ErrnoException): AtpError {
  const where = `${host}:${port} (listen.host, listen.port)`;
  return new AtpError('config_invalid', `Cannot listen on ${where}: ${whyNot(cause.code ?? 'unknown reason')}`, {
    param: 'listen',
    cause,
  });
}

function whyNot(code: string): string {
  const remedy = 'Set listen.host to an address of this machine, such as 127.0.0.1 or, for all of them, 0.0.0.0.';
  switch (code) {
    case 'EADDRINUSE':
      return 'the address is in use. Stop what listens there, or set another port.';
    case 'EADDRNOTAVAIL':
      return `this machine does not have the address (${code}). ${remedy}`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `no address is known for this name (${code}). ${remedy}`;
    case 'EACCES':
      return `the system does not permit it (${code}). Set listen.port above 1023, or give the process the right to.`;
    case 'ENOTSUP':
      // libuv sets it for `reusePort` only, where the system has none that spreads connections.
      return `several processes cannot share a port on this system (${code}). Run the router as one process.`;
    default:
      return `the system refuses it (${code}). ${remedy}`;
  }
}
