import { describe, expect, it } from 'vitest';
import { signal } from '../http/support/test-server.ts';
import { type Echo, message } from './support/echo.ts';
import { startFrames } from './support/frame-server.ts';
import { masked, openRaw } from './support/raw-socket.ts';
import { SocketClient } from './support/socket-client.ts';

const LARGE = message(1, 'x'.repeat(200_000));

/** Sends until the connection says that the peer is slow; the network takes some megabytes before. */
async function fill(echo: Echo): Promise<number> {
  let sent = 0;
  for (;;) {
    sent += 1;
    if (!echo.send(LARGE)) return sent;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a peer that reads slowly', () => {
  it('is told of, and there is room again when it has read', async () => {
    const { port, acceptor } = await startFrames();
    const client = await SocketClient.open(port);
    client.send(message(0));
    await client.count(1);
    client.ws.pause();
    const echo = await acceptor.next();
    const drained = signal();
    echo.onDrained = () => drained.give();
    const sent = await fill(echo);
    expect(echo.connection.buffered_bytes).toBeGreaterThan(65_536);
    expect(echo.drains).toBe(0);
    client.ws.resume();
    await drained.promise;
    expect(echo.drains).toBe(1);
    expect(echo.connection.buffered_bytes).toBeLessThanOrEqual(65_536);
    expect(echo.send(message(2))).toBe(true);
    expect(await client.count(sent + 2)).toHaveLength(sent + 2);
  });

  it('and not at all is given up after its time, whatever it sends, and nobody waits for it', async () => {
    const { port, acceptor } = await startFrames({ client_stall_ms: () => 50 });
    const client = await openRaw(port);
    client.send(masked(1, JSON.stringify(message(0))));
    const echo = await acceptor.next();
    await echo.count(1);
    client.socket.pause();
    const pings = setInterval(() => client.socket.destroyed || client.send(masked(9, 'still here')), 5);
    await fill(echo);
    expect(await echo.ended.promise).toEqual({ code: 4000, reason: '', by: 'here' });
    clearInterval(pings);
    expect(echo.drains).toBe(0);
    client.socket.resume();
    await client.closed();
  });

  it('is given up at once when its sender does not wait either', async () => {
    const { port, acceptor } = await startFrames({ limits: { unsent_bytes: 1_000_000 } });
    const client = await SocketClient.open(port);
    client.send(message(0));
    await client.count(1);
    client.ws.pause();
    const echo = await acceptor.next();
    await fill(echo);
    let most = 0;
    while (!echo.connection.closed) {
      echo.send(LARGE);
      most = Math.max(most, echo.connection.buffered_bytes);
    }
    expect(most).toBeLessThan(1_300_000);
    expect(await echo.ended.promise).toMatchObject({ code: 4000, by: 'here' });
  });

  it('and pings all the while is cut when too many answers wait', async () => {
    const { port, acceptor } = await startFrames({ limits: { pending_pongs: 10 } });
    const client = await openRaw(port);
    client.send(masked(1, JSON.stringify(message(0))));
    const echo = await acceptor.next();
    await echo.count(1);
    client.socket.pause();
    await fill(echo);
    for (let i = 0; i < 50; i += 1) client.send(masked(9, 'ping'));
    expect((await echo.ended.promise).code).toBe(1006);
    client.socket.resume();
    await client.closed();
  });

  it('does not hold back what others get', async () => {
    const { port, acceptor } = await startFrames();
    const slow = await SocketClient.open(port);
    slow.send(message(0));
    await slow.count(1);
    slow.ws.pause();
    await fill(await acceptor.next());
    const other = await SocketClient.open(port);
    for (let i = 0; i < 100; i += 1) other.send(message(i));
    await other.count(100);
  });
});
