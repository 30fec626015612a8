import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { secretOf } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { ask } from '../src/http.ts';
import type { UpstreamRequest } from '../src/upstream/upstream.ts';
import { textAnswer } from '../src/upstream/script.ts';

const MIB = 1_048_576;
const FLOOD_BYTES = 96 * MIB;
const FRAME_BYTES = 65_536;
/**
 * What may lie between the upstream's socket and a client that does not read: the kernel's buffers of two loopback
 * connections (a few MiB each, grown by itself) and the router's own, which are far smaller.
 */
const BETWEEN_BYTES_MAX = 40 * MIB;
/** Where the reader stops, in bytes of what it has read. */
const STOPS: readonly number[] = [MIB, 20 * MIB, 60 * MIB];
/** So many turns of the router's loop without another byte from the upstream mean that it waits for the reader. */
const QUIET_TURNS = 40;

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(async () => {
  expect(await rig.router.outstanding()).toEqual([]);
  await rig.close();
});

/** One turn of the event loop under test: it answered something, so it has looked at all its sockets meanwhile. */
async function turn(port: number): Promise<void> {
  await (await ask({ port, path: '/healthz', method: 'GET' })).text();
}

/** Lets the process under test go on while nobody reads, until the upstream stands still or the bound is broken. */
async function standstill(port: number, upstream: UpstreamRequest, read: number): Promise<number> {
  let written = 0;
  for (let quiet = 0; quiet < QUIET_TURNS && written - read < BETWEEN_BYTES_MAX; quiet += 1) {
    await turn(port);
    const now = await rig.upstream.written(upstream);
    if (now > written) quiet = 0;
    written = Math.max(written, now);
  }
  return written - read;
}

/** Reads a flood and stops in between; returns the most that was ever between the upstream and the reader. */
async function mostBetween(port: number, model: string): Promise<{ most: number; read: number }> {
  const script = await rig.upstream.script({
    answer: textAnswer('end'),
    flood: { bytes: FLOOD_BYTES, frame_bytes: FRAME_BYTES },
  });
  const body = { model, stream: true, messages: [{ role: 'user', content: script.mark }] };
  const answer = await ask({ port, path: '/v1/chat/completions', key: secretOf('acme'), body });
  const upstream = await rig.upstream.next(script);
  const stops = [...STOPS];
  let read = 0;
  let most = 0;
  for (let piece = await answer.chunk(); piece !== undefined; piece = await answer.chunk()) {
    read += piece.length;
    if (read < (stops[0] ?? Number.POSITIVE_INFINITY)) continue;
    stops.shift();
    most = Math.max(most, await standstill(port, upstream, read));
  }
  expect(answer.complete).toBe(true);
  expect(stops).toEqual([]);
  return { most, read };
}

test('a slow client slows the upstream down: little lies between them', async () => {
  const { most, read } = await mostBetween(rig.router.port, 'm-chat');
  expect(read).toBeGreaterThan(FLOOD_BYTES);
  expect(most).toBeLessThan(BETWEEN_BYTES_MAX);
});

/** What the measurement above is there to find: a proxy that does not care whether its client keeps up. */
function carelessProxy(upstream_port: number): Promise<Server> {
  const server = createServer((req, res) => {
    const path = req.url?.replace(/^\/v1/, '/chat') ?? '/';
    const out = httpRequest({ host: '127.0.0.1', port: upstream_port, path, method: 'POST' }, (answer) => {
      res.writeHead(200);
      answer.on('data', (chunk: Buffer) => res.write(chunk));
      answer.on('end', () => res.end());
    });
    req.pipe(out);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

test('the measurement finds a proxy that buffers without bound', async () => {
  const proxy = await carelessProxy(rig.upstream.port);
  const { most } = await mostBetween((proxy.address() as AddressInfo).port, 'gpt-x');
  expect(most).toBeGreaterThan(BETWEEN_BYTES_MAX);
  proxy.close();
});
