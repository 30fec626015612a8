import { type Config, type HttpServerOptions, readTls } from '@atp-router/adapters';
import { ownerSockets, type Seat } from './seat.ts';

type Place = Pick<HttpServerOptions, 'host' | 'port' | 'path' | 'reuse_port' | 'tls'>;

/** Where a process listens: workers share the port, and what they pass on reaches the owner over a socket of its own. */
export function placeOf({ role, shared_dir }: Seat, { host, port, tls }: Config['listen']): Place {
  if (role.kind === 'owner') return { host, port, path: ownerSockets(shared_dir).http };
  return { host, port, reuse_port: role.kind === 'worker', ...(tls !== undefined && { tls: readTls(tls) }) };
}
