import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AtpError } from '@atp-router/kernel';
import { onTestFinished } from 'vitest';
import {
  type LinkClientOptions,
  type LinkClient,
  type LinkHandlers,
  type LinkPeer,
  type LinkServer,
  type LinkServerOptions,
  listenForLinks,
  openLink,
  systemClock,
  systemTimers,
} from '../../../src/index.ts';
import { encodeFrame, FrameReader, LINK_PROTOCOL, type LinkFrame } from '../../../src/link/frame.ts';

export const VERSION = '1.2.3';

/** A path in a folder that is not there yet, and goes with the test. */
export function socketPath(): string {
  const dir = mkdtempSync(join(tmpdir(), 'atp-link-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, 'run', 'link.sock');
}

/** What happened, in order; `until` waits for so many. */
export class Seen<T> {
  readonly all: T[] = [];
  readonly #waiting: Set<() => void> = new Set();

  readonly add = (one: T): void => {
    this.all.push(one);
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  };

  async until(count: number): Promise<T> {
    while (this.all.length < count) await new Promise<void>((resolve) => this.#waiting.add(resolve));
    return this.all[count - 1] as T;
  }
}

export type Answer = LinkHandlers['onQuestion'];

/** Answers with what was asked. */
export const echo: Answer = (kind, body) => Promise.resolve([kind, body]);

/** Handlers that remember. */
export class Side implements LinkHandlers {
  readonly messages: Seen<readonly [kind: string, body: unknown]> = new Seen();
  readonly downs: Seen<true> = new Seen();
  readonly problems: Seen<AtpError> = new Seen();
  onQuestion: Answer = echo;

  onMessage(kind: string, body: unknown): void {
    this.messages.add([kind, body]);
  }

  onDown(): void {
    this.downs.add(true);
  }
}

export interface ServerSide extends Side {
  readonly server: LinkServer;
  readonly peers: Seen<LinkPeer & { close(): void }>;
  readonly hellos: Seen<unknown>;
}

export async function startServer(path: string, more: Partial<LinkServerOptions> = {}): Promise<ServerSide> {
  const side = new Side();
  const [peers, hellos] = [new Seen<LinkPeer & { close(): void }>(), new Seen<unknown>()];
  const server = await listenForLinks({
    path,
    version: VERSION,
    timers: systemTimers,
    clock: systemClock,
    onProblem: side.problems.add,
    onPeer: (peer, hello) => {
      peers.add(peer);
      hellos.add(hello);
      return side;
    },
    ...more,
  });
  onTestFinished(() => server.close());
  return Object.assign(side, { server, peers, hellos });
}

export interface ClientSide extends Side {
  readonly client: LinkClient;
  readonly peer: LinkPeer;
  readonly ups: Seen<LinkPeer>;
  readonly refusals: Seen<string>;
}

export function startClient(path: string, more: Partial<LinkClientOptions> = {}): ClientSide {
  const side = new Side();
  const [ups, refusals] = [new Seen<LinkPeer>(), new Seen<string>()];
  const client = openLink({
    path,
    version: VERSION,
    timers: systemTimers,
    clock: systemClock,
    hello: () => 'hello',
    handlers: side,
    onUp: ups.add,
    onRefused: refusals.add,
    onProblem: side.problems.add,
    ...more,
  });
  onTestFinished(() => client.close());
  return Object.assign(side, { client, peer: client.peer, ups, refusals });
}

/** A client and a server whose link is up. */
export async function startPair(
  more: { readonly server?: Partial<LinkServerOptions>; readonly client?: Partial<LinkClientOptions> } = {},
): Promise<{ readonly a: ClientSide; readonly b: ServerSide; readonly back: LinkPeer & { close(): void } }> {
  const path = socketPath();
  const b = await startServer(path, more.server);
  const a = startClient(path, more.client);
  await a.ups.until(1);
  return { a, b, back: await b.peers.until(1) };
}

/** The other side as bytes. */
export class RawPeer {
  readonly socket: Socket;
  readonly frames: Seen<LinkFrame> = new Seen();
  readonly closed: Promise<void>;

  constructor(socket: Socket) {
    const reader = new FrameReader(1 << 27);
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      for (const frame of reader.read(chunk)) this.frames.add(frame);
    });
    onTestFinished(() => void socket.destroy());
  }

  static async open(path: string): Promise<RawPeer> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RawPeer(socket);
  }

  send(frame: Partial<LinkFrame>): void {
    this.socket.write(bytesOf(frame));
  }

  /** Says hello and waits for the welcome. */
  async greet(): Promise<this> {
    this.send({ type: 'hello', id: LINK_PROTOCOL, kind: VERSION });
    await this.frames.until(1);
    return this;
  }
}

export function bytesOf(frame: Partial<LinkFrame>): Buffer {
  return encodeFrame({ type: 'message', id: 0, kind: '', body: undefined, ...frame }, 1 << 27);
}

/** The error of a promise that has to fail. */
export function failure(promise: Promise<unknown>): Promise<AtpError> {
  return promise.then(
    (value) => {
      throw new Error(`no failure but ${JSON.stringify(value)}`);
    },
    (error: unknown) => error as AtpError,
  );
}
