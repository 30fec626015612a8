import type { CloseName, EncodedFrame, FramePrincipal, Pipe, PipeHandlers, ReceivedFrame } from '@atp-router/adapters';
import { AtpError } from '@atp-router/kernel';
import { CborEncoder } from '@atp-router/wire';
import { HubConnection, type UsedConnection } from '../../atp/hub-acceptor.ts';
import type { SessionHub } from '../../atp/session-hub.ts';
import {
  type ANSWERS,
  type Carriage,
  type CarriedFault,
  type CarriedFrame,
  frameErrorOf,
  type Knock,
  PASSES,
} from './carriage.ts';

/** Connections of other workers that this one has taken; further ones come again. The socket has room for 10,000 conversations. */
const HERE_MAX = 8_192;
/** Closed without a word (RFC 6455, 7.1.5). */
const CUT = 1006;

export interface Desk {
  readonly hub: SessionHub;
  readonly onFault: (thrown: unknown) => void;
}

/** Takes connections that came to other workers, and resume sessions of this one. */
export class CarriedHere {
  readonly #cbor = new CborEncoder();
  #desk: Desk | undefined;
  #count = 0;

  /** Sessions that a predecessor kept are there. */
  open(desk: Desk): void {
    this.#desk = desk;
  }

  take(pipe: Pipe, hello: Carriage | Knock): PipeHandlers {
    const answer = hello.carried === 'knock' ? 'none' : this.#answerTo(hello);
    pipe.send(answer);
    if (hello.carried === 'knock' || answer !== 'taken' || this.#desk === undefined) {
      pipe.end();
      return NOTHING;
    }
    this.#count += 1;
    const connection = new PipedConnection(pipe, hello, this.#desk, () => {
      this.#count -= 1;
    });
    connection.use(new HubConnection(this.#desk.hub, connection, this.#cbor), hello.first);
    return connection;
  }

  #answerTo({ principal, first }: Carriage): keyof typeof ANSWERS {
    const has = this.#desk?.hub.has(principal, first.frame);
    if (has === undefined) return 'later';
    if (!has) return 'none';
    return this.#count < HERE_MAX ? 'taken' : 'later';
  }
}

const NOTHING: PipeHandlers = {
  onMessage: () => undefined,
  onDrain: () => undefined,
  onGone: () => undefined,
};

/** A connection that another worker has, as if it were one of this process. */
class PipedConnection implements UsedConnection, PipeHandlers {
  readonly principal: FramePrincipal | undefined;
  readonly remote_address: string;
  readonly #pipe: Pipe;
  readonly #desk: Desk;
  readonly #onOver: () => void;
  #receiver: HubConnection | undefined;
  #is_closed = false;

  constructor(pipe: Pipe, { principal, remote_address }: Carriage, desk: Desk, onOver: () => void) {
    this.principal = principal;
    this.remote_address = remote_address;
    this.#pipe = pipe;
    this.#desk = desk;
    this.#onOver = onOver;
  }

  use(receiver: HubConnection, first: CarriedFrame): void {
    this.#receiver = receiver;
    this.#handOn(first);
  }

  get closed(): boolean {
    return this.#is_closed;
  }

  send(frame: EncodedFrame): boolean {
    return !this.#is_closed && this.#pipe.send(PASSES.frame, frame);
  }

  /** The other worker ends the conversation when its client has been told. */
  close(end: CloseName): void {
    if (this.#is_closed) return;
    this.#is_closed = true;
    this.#pipe.send(PASSES.close, end);
  }

  onMessage(kind: string, body: unknown): void {
    if (kind === PASSES.frame) this.#handOn(body as CarriedFrame);
    else if (kind === PASSES.fault) this.#handOn({ bytes: 0, error: frameErrorOf(body as CarriedFault) });
    else throw new AtpError('internal_error', `There is no message "${kind.slice(0, 40)}" of a connection.`);
  }

  onDrain(): void {
    if (!this.#is_closed) this.#safely((receiver) => receiver.onDrain());
  }

  onGone(): void {
    this.#onOver();
    if (this.#is_closed) return;
    this.#is_closed = true;
    this.#safely((receiver) => receiver.onClose({ code: CUT, reason: '', by: 'peer' }));
  }

  #handOn(received: ReceivedFrame): void {
    if (!this.#is_closed) this.#safely((receiver) => receiver.onFrames([received]));
  }

  /** What is thrown harms no other connection. */
  #safely(run: (receiver: HubConnection) => void): void {
    const receiver = this.#receiver;
    if (receiver === undefined) return;
    try {
      run(receiver);
    } catch (thrown) {
      this.#desk.onFault(thrown);
      if (this.#is_closed) return;
      this.close('failed');
      this.#safely((one) => one.onClose({ code: CUT, reason: '', by: 'here' }));
    }
  }
}
