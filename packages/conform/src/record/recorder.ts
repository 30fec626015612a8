import { type AddressInfo, connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { decodeFrame, isFrameError } from '@atp-router/wire';
import { TRACE_LINES_MAX, TraceRecorder } from '@atp-router/wire/tools';
import { httpHead } from '../net/http-head.ts';
import { OPCODE, WsJoiner, WsReader } from '../net/ws-frames.ts';

export interface RecordOptions {
  readonly host: string;
  readonly port: number;
  /** Where the frames go: `ws:` or `wss:`; without a path it is `/ws`. */
  readonly to: string;
  /** Takes each line of the trace. */
  readonly write: (line: string) => void;
  /** Bytes of the trace, beyond which nothing more is written. Default 64 MiB. */
  readonly bytes_max?: number;
  /** Also the exact bytes of every frame. */
  readonly with_bytes?: boolean;
  /** Called once, when the trace has reached its limit. Frames go on through. */
  readonly onFull?: () => void;
}

export interface Recorder {
  readonly port: number;
  readonly frames: () => number;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** An hour of a busy session; as much as `atp wire replay` takes is half of it. */
const BYTES_MAX = 67_108_864;
/** Connections at a time; more are refused. */
const CONNECTIONS_MAX = 64;
const NO_SOCKET =
  'HTTP/1.1 426 Upgrade Required\r\nupgrade: websocket\r\nconnection: close\r\ncontent-length: 0\r\n\r\n';
/** What goes to one end in the place of itself: nothing may be compressed, or it could not be read on its way. */
const DROPPED: ReadonlySet<string> = new Set(['host', 'sec-websocket-extensions']);
const HIDDEN: Uint8Array = Buffer.from('[redacted]');

/**
 * Listens for WebSockets, passes what they say to a router and back, byte for byte, and writes every frame as a line of a
 * trace, seen from the client. Tokens are redacted, as are keys in what is no frame.
 */
export async function startRecorder(options: RecordOptions): Promise<Recorder> {
  const tape = new Tape(options);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    if (sockets.size >= 2 * CONNECTIONS_MAX) client.destroy();
    else new Passage(client, new URL(options.to), tape, sockets);
  });
  await listening(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    frames: () => tape.frames,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function listening(server: Server, { host, port }: RecordOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

interface Said {
  readonly dir: 'in' | 'out';
  readonly conn: string;
  readonly is_binary: boolean;
  readonly bytes: Uint8Array;
  /** Keys of the handshake. */
  readonly keys: readonly string[];
}

/** The trace, as far as it may grow. */
class Tape {
  frames = 0;
  connections = 0;
  readonly #options: RecordOptions;
  readonly #recorder: TraceRecorder;
  #bytes = 0;
  #is_full = false;

  constructor(options: RecordOptions) {
    this.#options = options;
    this.#recorder = new TraceRecorder(performance.now(), { with_bytes: options.with_bytes ?? false });
    this.#put(this.#recorder.header());
  }

  say({ dir, conn, is_binary, bytes, keys }: Said): void {
    if (this.#is_full) return;
    const encoding = is_binary ? 'cbor' : 'json';
    const shown = isShown(bytes, keys) ? bytes : HIDDEN;
    const line = this.#recorder.line({ dir, conn, encoding, bytes: shown, now_ms: performance.now() });
    if (this.frames >= TRACE_LINES_MAX || this.#bytes + line.length > (this.#options.bytes_max ?? BYTES_MAX)) {
      this.#is_full = true;
      this.#options.onFull?.();
      return;
    }
    this.frames += 1;
    this.#put(line);
  }

  #put(line: string): void {
    this.#bytes += Buffer.byteLength(line);
    this.#options.write(line);
  }
}

/** Frames are cleaned by their members; what is none is shown unless a key or token may be in it. */
function isShown(bytes: Uint8Array, keys: readonly string[]): boolean {
  const text = Buffer.from(bytes).toString('latin1');
  if (keys.some((key) => text.includes(key))) return isFrame(bytes);
  return !text.includes('token') || isFrame(bytes);
}

function isFrame(bytes: Uint8Array): boolean {
  try {
    decodeFrame(bytes);
    return true;
  } catch (error) {
    if (isFrameError(error)) return false;
    throw error;
  }
}

/** One connection of a client, and its own to the router. */
class Passage {
  readonly #client: Socket;
  readonly #to: URL;
  readonly #tape: Tape;
  readonly #conn: string;
  readonly #sockets: Set<Socket>;
  #head: Buffer = Buffer.alloc(0);
  #keys: readonly string[] = [];

  constructor(client: Socket, to: URL, tape: Tape, sockets: Set<Socket>) {
    tape.connections += 1;
    this.#client = client;
    this.#to = to;
    this.#tape = tape;
    this.#conn = `c${tape.connections}`;
    this.#sockets = sockets;
    this.#keep(client);
    const onData = (chunk: Buffer): void => {
      this.#head = Buffer.concat([this.#head, chunk]);
      const length = this.#lengthOfHead();
      if (length === undefined) return;
      client.off('data', onData);
      client.pause();
      this.#connect(this.#head.toString('latin1', 0, length), this.#head.subarray(length));
    };
    client.on('data', onData);
  }

  #lengthOfHead(): number | undefined {
    try {
      return httpHead(this.#head)?.length;
    } catch {
      this.#client.destroy();
      return undefined;
    }
  }

  #keep(socket: Socket): void {
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #connect(head: string, rest: Buffer): void {
    const headers = httpHead(this.#head)?.headers ?? {};
    if (headers['upgrade']?.toLowerCase() !== 'websocket') {
      this.#client.end(NO_SOCKET);
      return;
    }
    this.#keys = keysOf(headers);
    const is_tls = this.#to.protocol === 'wss:';
    const port = Number(this.#to.port === '' ? (is_tls ? 443 : 80) : this.#to.port);
    const host = this.#to.hostname.replace(/^\[|\]$/g, '');
    const router = is_tls ? connectTls({ host, port, servername: host }) : connectTcp({ host, port });
    this.#keep(router);
    router.write(`${forwarded(head, this.#to)}\r\n`, 'latin1');
    this.#pass(this.#client, router, this.#tap('out'));
    this.#pass(router, this.#client, this.#afterHead());
    if (rest.length > 0) this.#client.unshift(rest);
    this.#client.resume();
  }

  /** What one end says goes to the other as it is; whoever is slow slows the other down. */
  #pass(from: Socket, to: Socket, tap: (chunk: Buffer) => void): void {
    from.on('data', (chunk: Buffer) => {
      tap(chunk);
      if (to.write(chunk)) return;
      from.pause();
      to.once('drain', () => from.resume());
    });
    from.on('end', () => to.end());
    from.on('close', () => to.destroySoon());
  }

  /** Frames of the router come behind its answer to the handshake. */
  #afterHead(): (chunk: Buffer) => void {
    const tap = this.#tap('in');
    let head = Buffer.alloc(0);
    let is_open = false;
    return (chunk) => {
      if (is_open) {
        tap(chunk);
        return;
      }
      head = Buffer.concat([head, chunk]);
      const found = httpHead(head);
      if (found?.status !== 101) return;
      is_open = true;
      tap(head.subarray(found.length));
    };
  }

  #tap(dir: Said['dir']): (chunk: Buffer) => void {
    const reader = new WsReader();
    const joiner = new WsJoiner();
    let is_readable = true;
    return (chunk) => {
      if (!is_readable) return;
      try {
        for (const frame of reader.push(chunk)) {
          const message = frame.opcode < OPCODE.close ? joiner.push(frame) : undefined;
          if (message === undefined) continue;
          const is_binary = message.kind === 'binary';
          this.#tape.say({ dir, conn: this.#conn, is_binary, bytes: message.data, keys: this.#keys });
        }
      } catch {
        // What is larger than anything of the protocol is the ends' to refuse, and not in the trace.
        is_readable = false;
      }
    };
  }
}

/** The request as it goes on: to another host and path, and without compression. */
function forwarded(head: string, to: URL): string {
  const [, ...lines] = head.trimEnd().split('\r\n');
  const kept = lines.filter((line) => !DROPPED.has(line.slice(0, line.indexOf(':')).trim().toLowerCase()));
  const path = to.pathname === '/' || to.pathname === '' ? '/ws' : to.pathname;
  return [`GET ${path} HTTP/1.1`, `host: ${to.host}`, ...kept, ''].join('\r\n');
}

function keysOf(headers: Readonly<Record<string, string>>): readonly string[] {
  const names = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  const keys = names.filter((name) => name.startsWith('atp.key.')).map((name) => name.slice('atp.key.'.length));
  return [...keys, headers['authorization']?.replace(/^Bearer /i, '') ?? '', headers['x-api-key'] ?? ''].filter(
    Boolean,
  );
}
