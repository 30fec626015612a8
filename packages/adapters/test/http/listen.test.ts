import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { cannotListen } from '../../src/http/address.ts';
import { parseReplies, post, RawClient } from './support/raw-client.ts';
import { echo, startServer } from './support/test-server.ts';

async function ask(client: RawClient): Promise<string> {
  client.send(post('/p?q=1', 'body'));
  return (await client.replies(1))[0]?.body ?? '';
}

function socketPath(): string {
  const dir = mkdtempSync(join(tmpdir(), 'atp-http-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, 'run', 'http.sock');
}

async function openPath(path: string): Promise<RawClient> {
  const socket = connect(path);
  onTestFinished(() => void socket.destroy());
  const client = new RawClient(socket);
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return client;
}

describe('a Unix socket', () => {
  test('takes requests, of this user alone, and is gone when the listener is', async () => {
    const path = socketPath();
    const addresses: string[] = [];
    const answer = echo();
    const server = await startServer(
      (exchange) => {
        addresses.push(exchange.remote_address);
        answer(exchange);
      },
      { path },
    );
    expect(server.address).toEqual({ host: '', port: 0, path });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const client = await openPath(path);
    expect(await ask(client)).toBe('POST /p q=1 body');
    expect(addresses).toEqual(['']);
    server.stopAccepting();
    await expect(openPath(path)).rejects.toThrow('ENOENT');
    expect(parseReplies(await client.closed())).toHaveLength(1);
    await server.close();
  });

  test('on which another listens is named', async () => {
    const path = socketPath();
    await startServer(echo(), { path });
    await expect(startServer(echo(), { path })).rejects.toMatchObject({
      code: 'config_invalid',
      message: `Cannot listen on ${path}: another process listens there. Stop it, or name another path.`,
    });
    expect(await ask(await openPath(path))).toBe('POST /p q=1 body');
  });
});

describe('a port', () => {
  test('is shared by listeners that all say so', async () => {
    const first = await startServer(() => undefined, { reuse_port: true });
    const second = await startServer(echo(), { reuse_port: true, port: first.address.port });
    expect(second.address).toEqual(first.address);
    // Whoever is left of them has it to itself.
    await first.close();
    expect(await ask(await RawClient.open(second.address.port))).toBe('POST /p q=1 body');
    await expect(startServer(echo(), { port: first.address.port })).rejects.toThrow('the address is in use');
  });

  test('gets its connections from the system, each listener some', async () => {
    const taken = [0, 0];
    const answer = echo();
    const first = await startServer(
      (exchange) => {
        taken[0] = (taken[0] ?? 0) + 1;
        answer(exchange);
      },
      { reuse_port: true },
    );
    await startServer(
      (exchange) => {
        taken[1] = (taken[1] ?? 0) + 1;
        answer(exchange);
      },
      { reuse_port: true, port: first.address.port },
    );
    let asked = 0;
    // The system chooses by a hash of the addresses: that 200 connections in a row all go to one is beyond belief.
    while (asked < 200 && taken.includes(0)) {
      expect(await ask(await RawClient.open(first.address.port))).toBe('POST /p q=1 body');
      asked += 1;
    }
    expect(taken.includes(0)).toBe(false);
  });

  test('cannot be shared where the system does not know that', () => {
    const cause = Object.assign(new Error('listen ENOTSUP'), { code: 'ENOTSUP' });
    expect(cannotListen({ host: '0.0.0.0', port: 80, reuse_port: true }, cause)).toMatchObject({
      ...{ code: 'config_invalid', param: 'listen', cause },
      message:
        'Cannot listen on 0.0.0.0:80 (listen.host, listen.port): several processes cannot share a port on this system (ENOTSUP). Run the router as one process.',
    });
  });
});
