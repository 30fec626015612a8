import { connect, createServer, type Server, type Socket } from 'node:net';
import { randomInt, type Rng } from '@atp-router/kernel';

/** What a connection meets, and how often out of a hundred times that its turn comes. */
const FAULTS = { cut: 30, truncate: 30, delay: 40 } as const;
type Fault = keyof typeof FAULTS;

/** Bytes of either direction before the first fault of a connection, and between two of them. */
const CALM_BYTES = 24_000;
const DELAY_MS = 80;

/** A TCP proxy on loopback that delays connections, cuts them, and cuts them in the middle of what it passes on. */
export class ChaosProxy {
  readonly #server: Server;
  readonly #rng: Rng;
  readonly #open: Set<Socket> = new Set();
  readonly counts: Record<Fault | 'connections' | 'refused', number> = {
    ...{ cut: 0, truncate: 0, delay: 0, connections: 0, refused: 0 },
  };
  /** Where connections go now; undefined: nowhere, as while a router restarts. */
  target_port: number | undefined;
  /** Faults happen while this is set. */
  is_wild = true;

  private constructor(rng: Rng) {
    this.#rng = rng;
    this.#server = createServer((client) => this.#onConnection(client));
  }

  static async start(rng: Rng): Promise<ChaosProxy> {
    const proxy = new ChaosProxy(rng);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    return address.port;
  }

  async stop(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #onConnection(client: Socket): void {
    this.counts.connections += 1;
    this.#watch(client);
    if (this.target_port === undefined) {
      this.counts.refused += 1;
      client.destroy();
      return;
    }
    const router = connect(this.target_port, '127.0.0.1');
    this.#watch(router);
    const ends = (): void => {
      client.destroy();
      router.destroy();
    };
    client.on('close', ends);
    router.on('close', ends);
    const pass = new Passage(this.#rng, (fault) => this.#happens(fault), ends);
    client.on('data', (data: Buffer) => pass.on(client, router, data));
    router.on('data', (data: Buffer) => pass.on(router, client, data));
  }

  #happens(fault: Fault): boolean {
    if (this.is_wild) this.counts[fault] += 1;
    return this.is_wild;
  }

  #watch(socket: Socket): void {
    socket.setNoDelay(true);
    this.#open.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#open.delete(socket));
  }
}

/** The bytes of one connection, and what becomes of them. */
class Passage {
  readonly #rng: Rng;
  readonly #happens: (fault: Fault) => boolean;
  readonly #ends: () => void;
  #calm_bytes: number;

  constructor(rng: Rng, happens: (fault: Fault) => boolean, ends: () => void) {
    this.#rng = rng;
    this.#happens = happens;
    this.#ends = ends;
    this.#calm_bytes = randomInt(rng, 500, CALM_BYTES);
  }

  on(from: Socket, to: Socket, data: Buffer): void {
    this.#calm_bytes -= data.length;
    const fault = this.#calm_bytes > 0 ? undefined : this.#draw();
    if (fault === undefined || !this.#happens(fault)) {
      this.#forward(from, to, data);
      return;
    }
    this.#calm_bytes = randomInt(this.#rng, 500, CALM_BYTES);
    if (fault === 'delay') {
      from.pause();
      setTimeout(
        () => {
          this.#forward(from, to, data);
          from.resume();
        },
        randomInt(this.#rng, 1, DELAY_MS),
      );
    } else if (fault === 'cut') this.#ends();
    else to.write(data.subarray(0, randomInt(this.#rng, 0, data.length - 1)), () => this.#ends());
  }

  #forward(from: Socket, to: Socket, data: Buffer): void {
    if (to.destroyed || to.write(data)) return;
    from.pause();
    to.once('drain', () => from.resume());
  }

  #draw(): Fault {
    let left = randomInt(this.#rng, 1, 100);
    for (const [fault, share] of Object.entries(FAULTS) as [Fault, number][]) {
      left -= share;
      if (left <= 0) return fault;
    }
    return 'cut';
  }
}
