import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { constants, deflateRawSync } from 'node:zlib';
import { encodeCbor, encodeJson, type Frame } from '@atp-router/wire';
import type { Subject, Usage } from './server.ts';

const HANDSHAKE = [
  ...['GET /ws HTTP/1.1', 'host: bench', 'connection: Upgrade', 'upgrade: websocket', 'sec-websocket-version: 13'],
  ...['sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-protocol: atp.v1', '', ''],
].join('\r\n');

/** A frame of about 200 bytes of JSON, as most of a stream are. */
const FRAME: Frame = {
  ...{ v: 1, session_id: 'd0f4c7a1e95b4d20', stream_id: '1', msg_seq: 12_345, qos: 'silver' },
  payload: {
    type: 'agent.result.partial',
    content: 'a piece of an answer, as a model makes one: some twenty words, more or less, in a row',
  },
};

/** The process that is measured. */
export class Server {
  readonly subject: Subject;
  readonly #child: ChildProcess;
  port: number = 0;

  private constructor(subject: Subject) {
    this.subject = subject;
    const execArgv = ['--conditions=atp-source', '--expose-gc'];
    this.#child = fork(join(import.meta.dirname, 'server.ts'), [subject], { execArgv });
  }

  static async start(subject: Subject): Promise<Server> {
    const server = new Server(subject);
    const [port] = (await once(server.#child, 'message')) as [number];
    server.port = port;
    return server;
  }

  /** Collects garbage first, so it is asked for between runs only. */
  async usage(): Promise<Usage> {
    this.#child.send('usage');
    const [usage] = (await once(this.#child, 'message')) as [Usage];
    return usage;
  }

  /** Ends with its channel. */
  stop(): void {
    this.#child.disconnect();
  }
}

/** What a client sends: one frame masked, and the length of the same frame as it comes back. */
export interface Ball {
  readonly sent: Buffer;
  readonly back_bytes: number;
}

const HEAD_BYTES = 4;
const TEXT = 0x81;
const BINARY = 0x82;
const COMPRESSED = 0x40;

export function ballOf(subject: Subject): Ball {
  const bytes = Buffer.from(subject === 'cbor' ? encodeCbor(FRAME) : encodeJson(FRAME));
  return { sent: masked(subject === 'cbor' ? BINARY : TEXT, bytes), back_bytes: bytes.length + HEAD_BYTES };
}

/** A frame that comes compressed and is large enough to go back so. */
export function compressedFrame(): Buffer {
  const content = randomBytes(1_024).toString('hex');
  const json = encodeJson({ ...FRAME, payload: { type: 'agent.log', content } });
  const bytes = deflateRawSync(json, { finishFlush: constants.Z_SYNC_FLUSH });
  return masked(TEXT | COMPRESSED, bytes.subarray(0, -4));
}

function masked(first: number, bytes: Buffer): Buffer {
  if (bytes.length < 126 || bytes.length > 65_535) throw new Error('the frame has another head than the one made here');
  const mask = randomBytes(4);
  const head = Buffer.from([first, 0xfe, bytes.length >> 8, bytes.length & 255]);
  return Buffer.concat([head, mask, bytes.map((byte, i) => byte ^ (mask[i % 4] ?? 0))]);
}

/** A client that counts bytes and parses nothing, so that the server is what is measured. */
export class Client {
  readonly socket: Socket;
  onBytes: (bytes: number) => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
  }

  static async open(port: number, is_compressed: boolean = false): Promise<Client> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const client = new Client(socket);
    const offer = 'sec-websocket-extensions: permessage-deflate\r\n\r\n';
    socket.write(is_compressed ? HANDSHAKE.slice(0, -2) + offer : HANDSHAKE);
    const [head] = (await once(socket, 'data')) as [Buffer];
    if (!head.toString('latin1').includes(' 101 ')) throw new Error(head.toString('latin1'));
    socket.on('data', (data: Buffer) => client.onBytes(data.length));
    return client;
  }
}
