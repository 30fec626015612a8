import { hash, randomBytes } from 'node:crypto';
import { seededRng } from '@atp-router/kernel';
import { Session, type SessionEffect, type SessionInput, type SessionOptions } from '@atp-router/session';
import { decodeFrame, digestsFrom, encodeCbor, encodeJson, type Frame, type Payload } from '@atp-router/wire';
import type { SessionOwner } from '../../src/atp/hub-types.ts';
import type { SessionHub } from '../../src/atp/session-hub.ts';
import type { Carrier } from '../../src/atp/host-types.ts';

type Deliver = Extract<SessionEffect, { type: 'deliver' }>;

/** A client of a hub in the same process: a session of its own, frames encoded and decoded on their way, no sockets. */
export class HubClient {
  readonly session: Session;
  readonly effects: SessionEffect[] = [];
  /** Frames that came from the hub. */
  readonly came: Frame[] = [];
  /** What becomes of its frames on their way to the hub. */
  spoil: (frame: Frame) => Frame = (frame) => frame;
  #hub: SessionHub;
  readonly #owner: SessionOwner | undefined;
  readonly #now_ms: () => number;
  #link: Link | undefined;
  #waiting: (() => void)[] = [];

  constructor(
    hub: SessionHub,
    owner: SessionOwner | undefined,
    options: Partial<SessionOptions> = {},
    now_ms: () => number = () => performance.now(),
  ) {
    this.#now_ms = now_ms;
    this.#hub = hub;
    this.#owner = owner;
    this.session = new Session({
      role: 'client',
      ports: {
        rng: seededRng(1),
        digests: digestsFrom((bytes) => hash('sha256', bytes, 'buffer')),
        secret: () => randomBytes(16).toString('base64url'),
      },
      session_id: randomBytes(16).toString('hex'),
      ...options,
    });
  }

  get is_connected(): boolean {
    return this.#link?.is_open === true;
  }

  connect(): void {
    const link = new Link((frame, bytes) => {
      this.came.push(frame);
      this.input({ type: 'frame', frame, bytes, wall_ms: Date.now() });
    });
    link.onClosed = () => this.input({ type: 'disconnected' });
    this.#link = link;
    this.input({ type: 'connected', wall_ms: Date.now() });
  }

  /** The connection is lost with the process at its other end, which learns nothing; the next one goes to another hub. */
  moveTo(hub: SessionHub): void {
    this.#link?.vanish();
    this.#link = undefined;
    this.#hub = hub;
    this.input({ type: 'disconnected' });
  }

  /** The connection is lost, at both ends. */
  drop(): void {
    this.#link?.cut();
    this.#link = undefined;
    this.input({ type: 'disconnected' });
  }

  input(input: SessionInput): void {
    for (const effect of this.session.handle(input, this.#now_ms())) {
      this.effects.push(effect);
      if (effect.type === 'send') this.#link?.toHub(this.#hub, this.#owner, this.spoil(effect.frame));
      if (effect.type === 'deliver') this.input({ type: 'consumed', id: effect.id });
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const run of waiting) run();
  }

  /** Opens a stream with a task, and ends its own side of it. */
  ask(task: unknown, more: object = {}): string {
    const stream_id = this.session.next_stream_id;
    const lane = { stream_id, persona_id: '', clone_id: '' };
    const content = { session_id: 's', targets: [], task, ...more } as unknown as NonNullable<Payload['content']>;
    this.input({ type: 'send', lane, message: { payload: { type: 'agent.dispatch', content } }, fin: true });
    return stream_id;
  }

  delivered(stream_id: string): Deliver[] {
    return this.effects.filter((one): one is Deliver => one.type === 'deliver' && one.id.lane.stream_id === stream_id);
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async answer(stream_id: string): Promise<readonly Payload[]> {
    await this.until(() => this.delivered(stream_id).at(-1)?.fin === true);
    return this.delivered(stream_id).flatMap(({ frame }) => (frame.payload === undefined ? [] : [frame.payload]));
  }
}

/** One connection: each direction keeps its order, and every frame is bytes on its way. */
class Link implements Carrier {
  readonly remote_address = '127.0.0.1';
  is_open = true;
  onClosed: () => void = () => undefined;
  readonly #toClient: (frame: Frame, bytes: number) => void;
  #attached: ReturnType<SessionHub['accept']>;
  #is_known = false;

  constructor(toClient: (frame: Frame, bytes: number) => void) {
    this.#toClient = toClient;
  }

  send(frame: Frame, encoding: 'json' | 'cbor'): void {
    this.#later(encoding === 'cbor' ? encodeCbor(frame) : Buffer.from(encodeJson(frame)), this.#toClient);
  }

  close(): void {
    // What was sent before still arrives.
    queueMicrotask(() => {
      if (!this.is_open) return;
      this.is_open = false;
      this.onClosed();
    });
  }

  vanish(): void {
    this.is_open = false;
  }

  cut(): void {
    this.is_open = false;
    this.#attached?.onClosed();
  }

  toHub(hub: SessionHub, owner: SessionOwner | undefined, sent: Frame): void {
    this.#later(encodeCbor(sent), (frame, bytes) => {
      if (this.#is_known) {
        this.#attached?.onFrame(frame, bytes);
        return;
      }
      this.#is_known = true;
      this.#attached = hub.accept(this, owner, frame, bytes);
    });
  }

  #later(encoded: Uint8Array, take: (frame: Frame, bytes: number) => void): void {
    queueMicrotask(() => {
      if (this.is_open) take(decodeFrame(encoded), encoded.length);
    });
  }
}
