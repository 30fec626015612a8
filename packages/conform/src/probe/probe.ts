import { createHash, createHmac, randomBytes } from 'node:crypto';
import {
  digestsFrom,
  type Digests,
  type Frame,
  type HelloContent,
  Sealer,
  toBase64Url,
  type Window,
  digestText,
  leafDigest,
  merkleRoot,
} from '@atp-router/wire';
import type { SigningSecret, Target } from '../model.ts';
import { ask, EventReader, type HttpAsk } from '../net/http.ts';
import { type HttpReply, RawConnection } from '../net/raw-connection.ts';
import { has } from './frames.ts';
import { assert, Failed, Skipped, skipUnless } from './outcome.ts';
import { Peer } from './peer.ts';
import type { Transcript } from './transcript.ts';

export interface UpgradeOptions {
  /** Headers in place of, or beside, those of a good handshake; undefined leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly method?: string;
  readonly without_key?: boolean;
  /** In place of the target's. */
  readonly key?: string;
}

export interface OpenOptions extends UpgradeOptions {
  readonly hello?: HelloContent;
  readonly window?: Window;
  readonly session_id?: string;
}

const SECOND_MS = 1_000;
const PATIENCE_MS = 5_000;
/** Fields of a secret that signs, for `Sealer`. */
const ALWAYS = { not_before_ms: 0, not_after_ms: Number.MAX_SAFE_INTEGER };
const STREAMS_PATH = '/v1/streams';

/** What a judge judges with: connections to the server, all of them closed at the end. */
export class Probe {
  readonly target: Target;
  readonly patience_ms: number;
  readonly transcript: Transcript;
  readonly sealer: Sealer;
  readonly digests: Digests;
  readonly #open: RawConnection[] = [];
  readonly #readers: EventReader[] = [];
  readonly #beats: NodeJS.Timeout[] = [];

  constructor(target: Target, transcript: Transcript) {
    this.target = target;
    this.transcript = transcript;
    this.patience_ms = target.patience_ms ?? PATIENCE_MS;
    this.digests = digestsFrom((bytes) => createHash('sha256').update(bytes).digest());
    this.sealer = new Sealer(this.digests);
  }

  get slow(): boolean {
    return this.target.slow ?? false;
  }

  /** A connection of TCP or TLS on which nothing was said. */
  async raw(): Promise<RawConnection> {
    try {
      const connection = await RawConnection.open(this.#url());
      this.#open.push(connection);
      return connection;
    } catch (error) {
      const { code, message = 'unknown reason' } = error as Partial<NodeJS.ErrnoException>;
      throw new Failed('a connection', `none: ${code ?? message}`);
    }
  }

  /** The text of a request for a WebSocket. */
  handshake({ headers = {}, method = 'GET', without_key = false, key }: UpgradeOptions = {}): string {
    const { host, pathname } = this.#url();
    const all: Record<string, string | undefined> = {
      host,
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
      'sec-websocket-protocol': 'atp.v1',
      ...(without_key ? {} : this.keyHeaders(key)),
      ...headers,
    };
    const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
    return `${method} ${pathname} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
  }

  keyHeaders(key: string | undefined = this.target.key): Record<string, string> {
    return key === undefined ? {} : { authorization: `Bearer ${key}` };
  }

  /** Asks for a WebSocket, and gives the answer whatever it is. */
  async upgrade(options: UpgradeOptions = {}): Promise<{ readonly reply: HttpReply; readonly ws: RawConnection }> {
    const ws = await this.raw();
    const reply = await ws.request(this.handshake(options), this.patience_ms);
    assert(reply !== undefined, 'an answer to the handshake of the WebSocket', 'none');
    this.transcript.add(`← HTTP ${reply.status} ${reply.body}`);
    return { reply, ws };
  }

  async socket(options: UpgradeOptions = {}): Promise<RawConnection> {
    const { reply, ws } = await this.upgrade(options);
    assert(reply.status === 101, 'a WebSocket', () => `HTTP ${reply.status} ${reply.body.slice(0, 200)}`);
    return ws;
  }

  /** A connection on which no frame was sent. */
  async peer(options: OpenOptions = {}): Promise<Peer> {
    return new Peer(await this.socket(options), this.transcript, this.patience_ms, options.session_id);
  }

  /** A connection that is there already. */
  over(ws: RawConnection): Peer {
    return new Peer(ws, this.transcript, this.patience_ms);
  }

  /** A session that is open. */
  async open(options: OpenOptions = {}): Promise<Peer> {
    const peer = await this.peer(options);
    this.syn(peer, options);
    await this.answered(peer);
    return peer;
  }

  syn(peer: Peer, { hello = {}, window }: OpenOptions = {}): Frame {
    const content: HelloContent = { encodings: ['json'], ...hello };
    return peer.control(['SYN'], { type: 'control.hello', content }, window === undefined ? {} : { window });
  }

  async answered(peer: Peer): Promise<Frame> {
    const { frame } = await peer.expect(
      'SYN|ACK, the answer to the hello',
      (one) => has(one, 'SYN', 'ACK') || has(one, 'RST'),
    );
    assert(
      !has(frame, 'RST'),
      'SYN|ACK, the answer to the hello',
      () => `RST ${JSON.stringify(frame.payload?.content)}`,
    );
    return frame;
  }

  /** Heartbeats of a session that says nothing for longer than the server waits, until the end of the probe. */
  beating(peer: Peer): Peer {
    const { interval_s = 10 } = peer.hello;
    const beat = (): void => void peer.control(['HB'], { type: 'control.window_update' });
    this.#beats.push(setInterval(beat, interval_s * SECOND_MS));
    return peer;
  }

  /** A session in CBOR; skips when the server does not speak it. */
  async openCbor(options: OpenOptions = {}): Promise<Peer> {
    const peer = await this.open({ ...options, hello: { ...options.hello, encodings: ['cbor', 'json'] } });
    skipUnless(peer.encoding === 'cbor', 'The server does not choose CBOR where it is offered.');
    return peer;
  }

  /** A session whose frames are signed from now on; skips when there is no secret, or the server does not sign. */
  async openSigned(options: OpenOptions = {}): Promise<Peer> {
    const key = this.secret(0);
    const peer = await this.open({ ...options, hello: { ...options.hello, features: ['sig'] } });
    skipUnless(peer.hello.features?.includes('sig') ?? false, 'The server does not have the feature sig.');
    peer.seal = (frame) => this.sign(frame, key);
    return peer;
  }

  secret(index: number): SigningSecret {
    const key = this.target.signing?.[index];
    if (key === undefined)
      throw new Skipped(`There is no ${index === 0 ? '' : 'second '}secret to sign with (--sign-key-file).`);
    return key;
  }

  sign(frame: Frame, key: SigningSecret, ts: number = Date.now(), nonce?: string): Frame {
    const stamp = { nonce: nonce ?? toBase64Url(randomBytes(16)), ts };
    return this.sealer.sign(frame, { ...key, ...ALWAYS }, stamp);
  }

  hmac(secret: Uint8Array, bytes: Uint8Array): string {
    return createHmac('sha256', secret).update(bytes).digest('base64url');
  }

  /** A task, as the server takes it; its answer is about as long as the prompt where the server echoes. */
  task(prompt: string = 'Say hello.'): Record<string, string> {
    return { prompt, ...(this.target.task as Record<string, string> | undefined) };
  }

  /** The fragments of message `msg_seq` on stream 1, cut as the pieces say; `change` spoils one. */
  fragments(
    peer: Peer,
    msg_seq: number,
    pieces: readonly (string | Uint8Array)[],
    change: (frame: Frame, index: number) => Frame = (frame) => frame,
  ): readonly Frame[] {
    const encoded = pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece));
    const leaves = encoded.map((bytes) => leafDigest(bytes, this.digests));
    const bytes = encoded.reduce((sum, { length }) => sum + length, 0);
    const frag = { root: digestText(merkleRoot(leaves, this.digests)), bytes };
    return pieces.map((content, i) => {
      const is_last = i === pieces.length - 1;
      const digest = digestText(leaves[i] as Uint8Array);
      const payload = { type: 'agent.log', content, checksum: digest, ...(is_last && { frag }) };
      const more = { ...(i > 0 && { frag_seq: i }) };
      return change(peer.frame({ msg_seq, flags: is_last ? [] : ['MORE'], payload, more }), i);
    });
  }

  /** One request of plain HTTP at the server, with the key unless `headers` have another. */
  async http(path: string, { headers = {}, ...rest }: Omit<HttpAsk, 'headers'> & Partial<HttpAsk>): Promise<HttpReply> {
    const { ...all } = { ...this.keyHeaders(), ...headers };
    const reply = await ask(this.#httpUrl(path), { ...rest, headers: all }, this.patience_ms);
    assert(reply !== undefined, `an answer to ${rest.method} ${path}`, 'none');
    this.transcript.add(`→ ${rest.method} ${path}`);
    this.transcript.add(`← HTTP ${reply.status} ${reply.body}`);
    return reply;
  }

  events(path: string, headers: Readonly<Record<string, string>> = {}): EventReader {
    const reader = new EventReader(this.#httpUrl(path), { ...this.keyHeaders(), ...headers });
    this.#readers.push(reader);
    return reader;
  }

  get streams_path(): string {
    return STREAMS_PATH;
  }

  end(): void {
    for (const beat of this.#beats) clearInterval(beat);
    for (const connection of this.#open) connection.cut();
    for (const reader of this.#readers) reader.cut();
  }

  #url(): URL {
    const url = new URL(this.target.url);
    if (url.pathname === '/' || url.pathname === '') url.pathname = '/ws';
    return url;
  }

  #httpUrl(path: string): URL {
    const url = new URL(path, this.#url());
    url.protocol = url.protocol === 'wss:' ? 'https:' : 'http:';
    return url;
  }
}
