import { type Rng, seededRng } from '@atp-router/kernel';
import { Session, type SessionEffect, type SessionInput, type SessionOptions } from '@atp-router/session';
import {
  decodeFrame,
  decodeJson,
  encodeCbor,
  encodeJson,
  KeyRing,
  pureDigests,
  Sealer,
  toBase64Url,
} from '@atp-router/wire';
import type { Runtime, SocketLike } from './runtime.ts';
import type { ClientOptions, ClientSigningKey, LinkEvent } from './types.ts';

const SUBPROTOCOL = 'atp.v1';
const SECRET_BYTES = 16;
const BACKOFF = { base_ms: 250, cap_ms: 30_000 };

/** What a link tells of its session. */
export interface LinkPorts {
  onEffect(effect: SessionEffect): void;
  onLink(event: LinkEvent): void;
}

/** One session over as many WebSockets as it takes: connects, resumes, keeps the timer. Ends with its session. */
export class Link {
  readonly session: Session;
  readonly session_id: string;
  readonly #runtime: Runtime;
  readonly #options: ClientOptions;
  readonly #ports: LinkPorts;
  readonly #rng: Rng;
  #socket: SocketLike | undefined;
  #encoding: 'json' | 'cbor' = 'json';
  #timer: unknown;
  #retry: unknown;
  #attempt = 0;
  #is_over = false;

  constructor(runtime: Runtime, options: ClientOptions, ports: LinkPorts) {
    this.#runtime = runtime;
    this.#options = options;
    this.#ports = ports;
    const secret = (): string => toBase64Url(runtime.crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
    this.#rng = seededRng(new DataView(runtime.crypto.getRandomValues(new Uint8Array(4)).buffer).getUint32(0));
    this.session_id = secret();
    this.session = new Session({
      role: 'client',
      session_id: this.session_id,
      ports: { rng: this.#rng, digests: pureDigests, secret },
      encodings: ['cbor', 'json'],
      ...signingOf(options.signing_keys),
    });
  }

  get is_over(): boolean {
    return this.#is_over;
  }

  connect(): void {
    if (this.#is_over) return;
    this.#attempt += 1;
    this.#ports.onLink({ type: 'connecting', attempt: this.#attempt });
    Promise.resolve()
      .then(() => (typeof this.#options.key === 'string' ? this.#options.key : this.#options.key()))
      .then((key) => this.#open(key))
      .catch(() => this.#lost(undefined, 0));
  }

  handle(input: SessionInput): void {
    const effects = this.session.handle(input, this.#runtime.performance.now());
    for (const effect of effects) this.#do(effect);
    this.#arm();
  }

  /** Ends at once: the router is told, and nothing is waited for. */
  abort(reason: string): void {
    const error = { type: 'error', content: { code: 'EPREEMPT', reason } };
    this.handle({ type: 'reset', stream_id: '0', error });
    this.#end(reason);
  }

  #open(key: string): void {
    if (this.#is_over) return;
    const url = `${this.#options.url.replace(/^http/, 'ws').replace(/\/+$/, '')}/ws`;
    const socket = new this.#runtime.WebSocket(url, [SUBPROTOCOL, `atp.key.${key}`]);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    socket.onopen = () => this.handle({ type: 'connected', wall_ms: this.#runtime.Date.now() });
    socket.onmessage = ({ data }) => this.#read(socket, data);
    socket.onerror = () => undefined;
    socket.onclose = ({ code }) => this.#lost(socket, code);
  }

  #read(socket: SocketLike, data: unknown): void {
    if (socket !== this.#socket) return;
    try {
      const frame = typeof data === 'string' ? decodeJson(data) : decodeFrame(new Uint8Array(data as ArrayBuffer));
      const bytes = typeof data === 'string' ? data.length : (data as ArrayBuffer).byteLength;
      this.handle({ type: 'frame', frame, bytes, wall_ms: this.#runtime.Date.now() });
    } catch {
      // A router that sends what is no frame cannot be trusted with the rest.
      socket.close(4400, 'not a frame');
    }
  }

  #lost(socket: SocketLike | undefined, code: number): void {
    if (this.#is_over || socket !== this.#socket) return;
    this.#socket = undefined;
    this.handle({ type: 'disconnected' });
    if (this.#is_over) return;
    const { base_ms = BACKOFF.base_ms, cap_ms = BACKOFF.cap_ms } = this.#options.reconnect ?? {};
    // Full jitter: a router that comes back is not met by all of its clients at once.
    const retry_in_ms = this.#rng.next() * Math.min(cap_ms, base_ms * 2 ** Math.min(this.#attempt - 1, 20));
    this.#ports.onLink({ type: 'disconnected', code, retry_in_ms });
    this.#retry = this.#runtime.setTimeout(() => this.connect(), retry_in_ms);
  }

  #do(effect: SessionEffect): void {
    switch (effect.type) {
      case 'send':
        // The session sends again what a socket that is closing loses.
        if (this.#socket?.readyState === 1) {
          this.#socket.send(this.#encoding === 'cbor' ? encodeCbor(effect.frame) : encodeJson(effect.frame));
        }
        return;
      case 'established':
        this.#attempt = 0;
        this.#encoding = effect.agreed.encoding;
        this.#ports.onLink({ type: 'connected', resumed: effect.resumed });
        break;
      case 'disconnect':
        this.#socket?.close();
        break;
      case 'closed':
        this.#end(reasonOf(effect));
        break;
      default:
    }
    this.#ports.onEffect(effect);
  }

  #end(reason: string): void {
    if (this.#is_over) return;
    this.#is_over = true;
    this.#runtime.clearTimeout(this.#timer);
    this.#runtime.clearTimeout(this.#retry);
    this.#socket?.close(1000);
    this.#socket = undefined;
    this.#ports.onLink({ type: 'closed', reason });
  }

  #arm(): void {
    this.#runtime.clearTimeout(this.#timer);
    const due_ms = this.#is_over ? undefined : this.session.deadline_ms;
    if (due_ms === undefined) return;
    const delay_ms = Math.max(0, due_ms - this.#runtime.performance.now());
    this.#timer = this.#runtime.setTimeout(() => this.handle({ type: 'timeout' }), delay_ms);
  }
}

function signingOf(keys: readonly ClientSigningKey[] = []): Pick<SessionOptions, 'signing' | 'features'> {
  if (keys.length === 0) return {};
  const ring = new KeyRing(
    keys.map(({ id, secret, not_before_ms = 0, not_after_ms = Number.POSITIVE_INFINITY }) => ({
      ...{ kid: id, secret: fromHex(secret), not_before_ms, not_after_ms },
    })),
  );
  return { signing: { sealer: new Sealer(pureDigests), ring }, features: ['sig'] };
}

/** Anything that is no hex makes a secret that is too short, which the ring refuses. */
function fromHex(text: string): Uint8Array {
  if (!/^([0-9a-fA-F]{2})*$/.test(text)) return new Uint8Array(0);
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

function reasonOf({ error }: Extract<SessionEffect, { type: 'closed' }>): string {
  const content = error?.content as { readonly reason?: string } | undefined;
  return content?.reason ?? 'The session has ended.';
}
