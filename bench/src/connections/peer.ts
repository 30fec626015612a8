import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
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

export function ballOf(subject: Subject): Ball {
  const bytes = Buffer.from(subject === 'cbor' ? encodeCbor(FRAME) : encodeJson(FRAME));
  if (bytes.length < 126 || bytes.length > 65_535) throw new Error('the frame has another head than the one made here');
  const mask = randomBytes(4);
  const head = Buffer.from([subject === 'cbor' ? 0x82 : 0x81, 0xfe, bytes.length >> 8, bytes.length & 255]);
  return {
    sent: Buffer.concat([head, mask, bytes.map((byte, i) => byte ^ (mask[i % 4] ?? 0))]),
    back_bytes: bytes.length + 4,
  };
}

/** A client that counts bytes and parses nothing, so that the server is what is measured. */
export class Client {
  readonly socket: Socket;
  onBytes: (bytes: number) => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
  }

  static async open(port: number): Promise<Client> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const client = new Client(socket);
    socket.write(HANDSHAKE);
    const [head] = (await once(socket, 'data')) as [Buffer];
    if (!head.toString('latin1').includes(' 101 ')) throw new Error(head.toString('latin1'));
    socket.on('data', (data: Buffer) => client.onBytes(data.length));
    return client;
  }
}
