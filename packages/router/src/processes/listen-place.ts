import { type Config, type HttpServerHandle, type HttpServerOptions, listen, readTls } from '@atp-router/adapters';
import { ownerSockets, type Seat, workerHttpSocket } from './seat.ts';

type Place = Pick<HttpServerOptions, 'host' | 'port' | 'path' | 'reuse_port' | 'tls'>;

/** Where a process listens: workers share the port, and what they pass on reaches the owner over a socket of its own. */
export function placeOf({ role, shared_dir }: Seat, { host, port, tls }: Config['listen']): Place {
  if (role.kind === 'owner') return { host, port, path: ownerSockets(shared_dir).http };
  return { host, port, reuse_port: role.kind === 'worker', ...(tls !== undefined && { tls: readTls(tls) }) };
}

/** Listens, and where other workers pass requests on, there as well. Rejects as `listen`. */
export async function listenAsSeated(
  { role, shared_dir }: Seat,
  options: HttpServerOptions,
): Promise<HttpServerHandle> {
  if (role.kind !== 'worker') return listen(options);
  const { tls: _tls, upgrade: _upgrade, reuse_port: _shared, ...common } = options;
  const inner = await listen({ ...common, path: workerHttpSocket(shared_dir, role.n), believes_address: true });
  const outer = await listen(options).catch(async (error: unknown) => {
    await inner.close();
    throw error;
  });
  return {
    address: outer.address,
    // What others pass on belongs to connections that are open, and ends with them.
    stopAccepting: () => outer.stopAccepting(),
    connections: async () => (await outer.connections()) + (await inner.connections()),
    close: async () => {
      await Promise.all([outer.close(), inner.close()]);
    },
  };
}
