import { type FrameAcceptor, type FrameConnection, FrameWebSockets, listen } from '@atp-router/adapters';
import { CborEncoder, type Frame } from '@atp-router/wire';
import { End, optionsOf } from './end.ts';

// The end that is measured, in a process of its own: sessions over WebSockets that consume what comes.

const is_signed = process.argv[2] === 'signed';
const cbor = new CborEncoder();
/** Frames of both directions; CPU of the process in microseconds. */
export interface Counted {
  frames: number;
  cpu_us: number;
}

const counted: Counted = { frames: 0, cpu_us: 0 };

class Hosted {
  readonly #connection: FrameConnection;
  #end: End | undefined;

  constructor(connection: FrameConnection) {
    this.#connection = connection;
  }

  frame(frame: Frame, bytes: number): void {
    counted.frames += 1;
    if (this.#end === undefined) {
      this.#end = new End(optionsOf('server', frame.session_id, is_signed), false, (out) => {
        counted.frames += 1;
        if (!this.#connection.closed) this.#connection.send(cbor.encode(out));
      });
      this.#end.handle({ type: 'connected', wall_ms: Date.now() });
    }
    this.#end.frame(frame, bytes);
  }

  timeout(): void {
    this.#end?.timeout();
  }
}

const hosted = new Set<Hosted>();
const acceptor: FrameAcceptor = {
  identify: () => ({ tenant: 'bench', key_id: 'bench' }),
  accept: (connection) => {
    const one = new Hosted(connection);
    hosted.add(one);
    return {
      onFrames: (received) => {
        for (const each of received) if ('frame' in each) one.frame(each.frame, each.bytes);
      },
      onDrain: () => undefined,
      onClose: () => void hosted.delete(one),
    };
  },
  onFault: (error) => {
    throw error;
  },
};
setInterval(() => {
  for (const one of hosted) one.timeout();
}, 5);

const server = await listen({
  ...{ host: '127.0.0.1', port: 0, header_bytes: 16_384, keep_alive_ms: 75_000, header_timeout_ms: 30_000 },
  connections_max: 32_768,
  onRequest: (exchange) => exchange.reply(404, [], ''),
  upgrade: new FrameWebSockets({ acceptor, path: '/ws', refuse: (exchange) => exchange.abort() }),
});
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ ...counted, cpu_us: user + system } satisfies Counted);
});
process.on('disconnect', () => process.exit(0));
process.send?.(server.address.port);
