import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { claimPort } from '../../src/http/index.ts';

const host = '127.0.0.1';

async function listening(port: number, reusePort: boolean): Promise<Server> {
  const server = createServer();
  onTestFinished(() => void server.close());
  server.listen({ host, port, reusePort });
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  return (server.address() as { readonly port: number }).port;
}

test('a free port is held until it is released, and can be shared meanwhile', async () => {
  const { port, release } = await claimPort({ host, port: 0 });
  expect(port).toBeGreaterThan(0);
  await expect(listening(port, false)).rejects.toThrow(/EADDRINUSE/);
  const socket = connect(port, host);
  await once(socket, 'close');
  const shared = await listening(port, true);
  release();
  release();
  const reached = once(shared, 'connection');
  const client = connect(port, host);
  onTestFinished(() => void client.destroy());
  await reached;
});

test('one with a number is only looked at', async () => {
  const { port, release } = await claimPort({ host, port: 0 });
  release();
  expect((await claimPort({ host, port })).port).toBe(port);
  expect(portOf(await listening(port, false))).toBe(port);
});

test.each([true, false])('one that somebody listens on is refused, shared or not (%s)', async (reusePort) => {
  const port = portOf(await listening(0, reusePort));
  await expect(claimPort({ host, port })).rejects.toThrow(
    `Cannot listen on ${host}:${port} (listen.host, listen.port): the address is in use.`,
  );
});
