import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type FrameAcceptor, FrameWebSockets, listen } from '@atp-router/adapters';
import { CborEncoder, encodeJson, type Frame } from '@atp-router/wire';
import { WebSocketServer } from 'ws';

// The side that is measured, in a process of its own: an echo, bare or with frames. Says what it uses when asked.

export type Subject = 'bare' | 'json' | 'cbor';

export interface Usage {
  readonly cpu_us: number;
  readonly rss_bytes: number;
  readonly heap_bytes: number;
}

/** Sends every frame back, decoded, checked and encoded anew: the least that a session does. */
function echo(encoding: 'json' | 'cbor'): FrameAcceptor {
  const cbor = new CborEncoder();
  const encode = encoding === 'json' ? encodeJson : (frame: Frame) => cbor.encode(frame);
  return {
    identify: () => ({ tenant: 'bench', key_id: 'bench' }),
    accept: (connection) => ({
      onFrames: (frames) => {
        for (const one of frames) if ('frame' in one) connection.send(encode(one.frame));
      },
      onDrain: () => undefined,
      onClose: () => undefined,
    }),
    onFault: (error) => {
      throw error;
    },
  };
}

async function serveFrames(encoding: 'json' | 'cbor'): Promise<number> {
  const server = await listen({
    ...{ host: '127.0.0.1', port: 0, header_bytes: 16_384, keep_alive_ms: 75_000, header_timeout_ms: 30_000 },
    connections_max: 32_768,
    onRequest: (exchange) => exchange.reply(404, [], ''),
    upgrade: new FrameWebSockets({ acceptor: echo(encoding), path: '/ws', refuse: (exchange) => exchange.abort() }),
  });
  return server.address.port;
}

/** The library and nothing else: what came is sent back as it is. */
function serveBare(): Promise<number> {
  const server = createServer();
  // Only for clients that offer it; agreed as the other side of the comparison agrees it.
  const perMessageDeflate = { serverNoContextTakeover: true, clientNoContextTakeover: true };
  const sockets = new WebSocketServer({ server, path: '/ws', clientTracking: false, perMessageDeflate });
  sockets.on('connection', (ws) => {
    ws.on('message', (data, is_binary) => ws.send(data, { binary: is_binary }));
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', 1_024, () => resolve((server.address() as AddressInfo).port));
  });
}

/** Buffers go when a second look finds nothing that held them. */
async function usage(): Promise<Usage> {
  globalThis.gc?.();
  await new Promise((resolve) => setImmediate(resolve));
  globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { cpu_us: user + system, rss_bytes: rss, heap_bytes: heapUsed + external };
}

const subject = process.argv[2] as Subject;
const port = subject === 'bare' ? await serveBare() : await serveFrames(subject);
process.on('message', () => void usage().then((found) => process.send?.(found)));
process.on('disconnect', () => process.exit(0));
process.send?.(port);
