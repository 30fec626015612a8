import { AtpError } from '@atp-router/kernel';
import { encodeCbor, encodeJson, type Frame, hasFlag } from '@atp-router/wire';
import type {
  ConnectionEnd,
  Credential,
  FrameAcceptor,
  FrameConnection,
  FramePrincipal,
  FrameReceiver,
  ReceivedFrame,
} from '../../../src/frames/index.ts';
import { type Signal, signal } from '../../http/support/test-server.ts';

export const KEY_A = 'atp_key_of_a';
export const KEY_B = 'atp_key_of_b';
const TENANTS: ReadonlyMap<string, string> = new Map([
  [KEY_A, 'a'],
  [KEY_B, 'b'],
]);

export type Encoding = 'json' | 'cbor';

export function encode(frame: Frame, encoding: Encoding): string | Uint8Array {
  return encoding === 'json' ? encodeJson(frame) : encodeCbor(frame);
}

/** A message as a session would send it. */
export function message(msg_seq: number, content: string = ''): Frame {
  return { v: 1, session_id: 's', stream_id: '1', msg_seq, payload: { type: 'agent.log', content } };
}

export const HELLO: Frame = {
  ...{ v: 1, session_id: 's', stream_id: '0', msg_seq: 0, flags: ['SYN', 'CTRL'] },
  payload: { type: 'control.hello', content: {} },
};
export const HELLO_ANSWER: Frame = { ...HELLO, flags: ['SYN', 'ACK', 'CTRL'] };

/** One connection, and all that happened to it. Answers a hello, sends every other frame back, and tells what is none. */
export class Echo implements FrameReceiver {
  readonly connection: FrameConnection;
  /** How many frames came in each turn. */
  readonly turns: number[] = [];
  readonly frames: ReceivedFrame[] = [];
  drains = 0;
  readonly ended: Signal<ConnectionEnd> = signal<ConnectionEnd>();
  /** Instead of the echo. */
  onFrame: ((frame: Frame) => void) | undefined;
  onDrained: () => void = () => undefined;
  readonly #encoding: Encoding;
  readonly #waiting: Set<() => void> = new Set();

  constructor(connection: FrameConnection, encoding: Encoding) {
    this.connection = connection;
    this.#encoding = encoding;
  }

  send(frame: Frame): boolean {
    return this.connection.send(encode(frame, this.#encoding));
  }

  onFrames(frames: readonly ReceivedFrame[]): void {
    this.turns.push(frames.length);
    for (const received of frames) {
      this.frames.push(received);
      if ('error' in received) this.send(refusal(received));
      else if (this.onFrame !== undefined) this.onFrame(received.frame);
      else this.send(hasFlag(received.frame, 'SYN') ? HELLO_ANSWER : received.frame);
    }
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  onDrain(): void {
    this.drains += 1;
    this.onDrained();
  }

  onClose(end: ConnectionEnd): void {
    this.ended.give(end);
  }

  /** Waits for so many frames. */
  async count(frames: number): Promise<void> {
    while (this.frames.length < frames) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }
}

function refusal(received: ReceivedFrame & { readonly error: { toContent(): object } }): Frame {
  const payload = { type: 'error', content: received.error.toContent() } as NonNullable<Frame['payload']>;
  return { v: 1, session_id: 's', stream_id: '0', msg_seq: 0, flags: ['RST', 'CTRL'], payload };
}

/** Takes every connection, and echoes. */
export class EchoAcceptor implements FrameAcceptor {
  readonly all: Echo[] = [];
  readonly faults: unknown[] = [];
  encoding: Encoding = 'json';
  /** Runs before the first frame is handed on. */
  onAccept: (echo: Echo) => void = () => undefined;
  readonly #waiting: ((echo: Echo) => void)[] = [];
  #given = 0;

  identify(credential: Credential): FramePrincipal {
    const key = credential.authorization?.replace(/^Bearer /, '') ?? credential['x-api-key'] ?? '';
    const tenant = TENANTS.get(key);
    if (tenant === undefined) throw new AtpError('unauthorized', 'The key is not known.');
    return { tenant, key_id: `key of ${tenant}` };
  }

  accept(connection: FrameConnection): FrameReceiver {
    const echo = new Echo(connection, this.encoding);
    this.all.push(echo);
    this.onAccept(echo);
    const wake = this.#waiting.shift();
    if (wake !== undefined) {
      this.#given += 1;
      wake(echo);
    }
    return echo;
  }

  onFault(error: unknown): void {
    this.faults.push(error);
  }

  next(): Promise<Echo> {
    const there = this.all[this.#given];
    if (there === undefined) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#given += 1;
    return Promise.resolve(there);
  }
}
