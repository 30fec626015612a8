import { encodeCbor, type Frame } from '@atp-router/wire';
import { sampleFrame } from '@atp-router/wire/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Encoding, HELLO, message } from './support/echo.ts';
import { type FrameServer, startFrames } from './support/frame-server.ts';
import { SocketClient } from './support/socket-client.ts';
import { EventClient, ndjson, openStream, post, records } from './support/stream-client.ts';

/** A way to send frames and to wait for those that come back. */
interface Way {
  send(frames: readonly Frame[], encoding: Encoding): Promise<void>;
  count(frames: number): Promise<readonly Frame[]>;
}

async function socket({ port }: FrameServer, is_deflated: boolean): Promise<Way> {
  const client = await SocketClient.open(port, { perMessageDeflate: is_deflated ? { threshold: 0 } : false });
  client.send(HELLO);
  await client.count(1);
  return {
    send: async (frames, encoding) => {
      for (const frame of frames) client.send(frame, encoding);
    },
    count: async (frames) => (await client.count(frames + 1)).slice(1),
  };
}

async function fallback({ port }: FrameServer): Promise<Way> {
  const path = await openStream(port);
  const client = await EventClient.open(port, path);
  return {
    send: async (frames, encoding) => {
      const is_json = encoding === 'json';
      const type = is_json ? 'application/x-ndjson' : 'application/vnd.atp.frames';
      const { status, body } = await post(port, `${path}/frames`, is_json ? ndjson(frames) : records(frames), { type });
      if (status !== 202) throw new Error(body);
    },
    count: async (frames) => (await client.count(frames)).frames,
  };
}

const WAYS: readonly (readonly [string, (server: FrameServer) => Promise<Way>])[] = [
  ['a WebSocket', (server) => socket(server, false)],
  ['a WebSocket with compression', (server) => socket(server, true)],
  ['HTTP', fallback],
];

/** Samples that the sample's flags do not make a hello, which is answered with another frame. */
const frames = fc
  .array(fc.integer().map(sampleFrame), { maxLength: 20 })
  .map((all) => all.filter(({ flags = [] }) => !flags.includes('SYN')));

describe.each(WAYS)('frames over %s', (_name, open) => {
  it.each<Encoding>(['json', 'cbor'])('arrive as they were, in order, whatever is in them: %s', async (encoding) => {
    await fc.assert(
      fc.asyncProperty(fc.array(frames, { maxLength: 4 }), async (groups) => {
        const server = await startFrames();
        server.acceptor.encoding = encoding;
        const way = await open(server);
        for (const group of groups) await way.send(group, encoding);
        const sent = groups.flat();
        const back = await way.count(sent.length);
        // Members may come in another order; the canonical form is the frame.
        expect(back.map(canonical)).toEqual(sent.map(canonical));
      }),
      { numRuns: 15 },
    );
  });
});

it.each(WAYS)('a frame with bytes that is kept does not keep what came with it: %s', async (_name, open) => {
  const server = await startFrames();
  const way = await open(server);
  const frames = Array.from({ length: 200 }, (_, i) => ({ ...message(i), payload: { type: 'x', content: BYTES } }));
  await way.send(frames, 'cbor');
  await way.count(200);
  const [echo] = server.acceptor.all;
  const kept = echo?.frames.slice(1).map((one) => ('frame' in one ? one.frame.payload?.content : undefined));
  expect(kept).toHaveLength(200);
  for (const content of kept ?? []) expect((content as Uint8Array).buffer.byteLength).toBeLessThan(400);
});

const BYTES: Uint8Array = new Uint8Array(100).fill(7);

const canonical = (frame: Frame): string => Buffer.from(encodeCbor(frame)).toString('hex');
