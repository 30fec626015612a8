import { createServer, type Server } from 'node:net';
import { AtpError } from '@atp-router/kernel';
import { cannotListen, type ListenAddress } from './address.ts';

/** A port that several processes are going to share. */
export interface ClaimedPort {
  readonly port: number;
  /** Lets go of it. To be called once one of those processes listens; they keep it from then on. */
  release(): void;
}

/**
 * Settles which port several processes share with `reusePort`, before any of them is there. Rejects with `config_invalid`
 * naming the address when they could not listen.
 *
 * First it listens alone: processes that share a port are let in beside any others of the same user that do, and two
 * routers on one port would each get a part of the other's clients. Then it listens with `reusePort`, as they will, to
 * see that the system knows it.
 *
 * A port that the system chose is held until it is released: nobody else would get it by asking for a free one. What connects
 * to it meanwhile is closed; nobody has been told of it yet. A port with a number of its own is not held, for clients that
 * know it would be closed instead of refused.
 */
export async function claimPort(address: ListenAddress): Promise<ClaimedPort> {
  const alone = await open(address, false);
  const port = portOf(alone, address.port);
  await close(alone);
  const shared = await open({ host: address.host, port }, true);
  if (address.port !== 0) await close(shared);
  return { port, release: () => void shared.close() };
}

async function open(address: ListenAddress, reusePort: boolean): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(refusal(address, cause)));
    server.listen({ ...address, reusePort }, () => resolve(server));
  });
}

function refusal(address: ListenAddress, cause: NodeJS.ErrnoException): AtpError {
  if (cause.code !== 'ENOTSUP' && cause.code !== 'EINVAL') return cannotListen(address, cause);
  const message = `This system cannot share a port between processes (${cause.code}), as Linux and FreeBSD can. Set workers to 1.`;
  return new AtpError('config_invalid', message, { param: 'workers', cause });
}

function portOf(server: Server, asked: number): number {
  const address = server.address();
  return address === null || typeof address === 'string' ? asked : address.port;
}

async function close(server: Server): Promise<void> {
  return new Promise((resolve) => void server.close(() => resolve()));
}
