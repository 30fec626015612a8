import type {
  CloseName,
  ConnectionEnd,
  Credential,
  FrameAcceptor,
  EncodedFrame,
  FrameConnection,
  FramePrincipal,
  FrameReceiver,
  ReceivedFrame,
} from '@atp-router/adapters';
import { refusalFrame } from '@atp-router/session';
import { CborEncoder, encodeJson, type Frame } from '@atp-router/wire';
import type { Carrier, RawCarrier } from './host-types.ts';
import type { Attached } from './hub-types.ts';
import type { SessionHub } from './session-hub.ts';

/** A session id for answers to what had none that could be read. */
const NO_SESSION = '-';

/**
 * Frames that wait for a slow peer; beyond, its connection is closed as `slow`. A session has 4,096 messages on their way at
 * most, and the largest of them has 1,024 fragments: only who takes nothing for many retransmissions gets there.
 */
const WAITING_FRAMES = 16_384;

/** Gives connections, of whatever kind, to the sessions of a hub. */
export class HubAcceptor implements FrameAcceptor {
  readonly #hub: SessionHub;
  readonly #identify: (credential: Credential) => FramePrincipal;
  readonly #onFault: (thrown: unknown) => void;
  readonly #cbor = new CborEncoder();

  constructor(
    hub: SessionHub,
    identify: (credential: Credential) => FramePrincipal,
    onFault: (thrown: unknown) => void,
  ) {
    this.#hub = hub;
    this.#identify = identify;
    this.#onFault = onFault;
  }

  identify(credential: Credential): FramePrincipal {
    return this.#identify(credential);
  }

  accept(connection: FrameConnection): FrameReceiver {
    return new HubConnection(this.#hub, connection, this.#cbor);
  }

  onFault(error: unknown): void {
    this.#onFault(error);
  }
}

interface Waiting {
  readonly frame: Frame;
  readonly encoding: 'json' | 'cbor';
}

/** What is used of a connection. Without `hold` it cannot be carried on to another process. */
export type UsedConnection = Pick<FrameConnection, 'principal' | 'remote_address' | 'closed' | 'send' | 'close'> &
  Partial<Pick<FrameConnection, 'hold'>>;

/** One connection: its first frame says which session it is for, and the others are that session's. */
export class HubConnection implements FrameReceiver, Carrier, RawCarrier {
  readonly #hub: SessionHub;
  readonly #connection: UsedConnection;
  readonly #cbor: CborEncoder;
  #attached: Attached | undefined;
  /** Not encoded before there is room: until then they cost what the session keeps of them anyway. */
  #waiting: Waiting[] = [];
  #is_slow = false;
  #end: CloseName | undefined;

  constructor(hub: SessionHub, connection: UsedConnection, cbor: CborEncoder) {
    this.#hub = hub;
    this.#connection = connection;
    this.#cbor = cbor;
  }

  send(frame: Frame, encoding: 'json' | 'cbor'): void {
    if (this.#connection.closed || this.#end !== undefined) return;
    if (!this.#is_slow) this.#write(frame, encoding);
    else if (this.#waiting.length < WAITING_FRAMES) this.#waiting.push({ frame, encoding });
    else {
      this.#waiting = [];
      this.#connection.close('slow');
      this.#attached?.onClosed();
    }
  }

  get raw(): RawCarrier | undefined {
    return this.#connection.hold === undefined ? undefined : this;
  }

  pass(frame: EncodedFrame): boolean {
    if (this.#connection.closed || this.#end !== undefined) return true;
    this.#is_slow = !this.#connection.send(frame);
    return !this.#is_slow;
  }

  hold(is_held: boolean): void {
    if (!this.#connection.closed) this.#connection.hold?.(is_held);
  }

  get remote_address(): string {
    return this.#connection.remote_address;
  }

  /** After what was sent before. */
  close(end: CloseName): void {
    if (this.#connection.closed) return;
    // What was to be said last is most of what a peer wants to know, and it has the time of a stalled client to read it.
    if (this.#waiting.length > 0) this.#end ??= end;
    else this.#connection.close(end);
  }

  onFrames(frames: readonly ReceivedFrame[]): void {
    for (const received of frames) {
      if (this.#connection.closed || this.#end !== undefined) return;
      this.#onFrame(received);
    }
  }

  onDrain(): void {
    this.#is_slow = false;
    let sent = 0;
    for (; sent < this.#waiting.length && !this.#is_slow; sent += 1) {
      const { frame, encoding } = this.#waiting[sent] as Waiting;
      this.#write(frame, encoding);
    }
    this.#waiting = this.#waiting.slice(sent);
    if (this.#waiting.length === 0 && this.#end !== undefined && !this.#connection.closed)
      this.#connection.close(this.#end);
    if (!this.#is_slow) this.#attached?.onRoom?.();
  }

  onClose(_end: ConnectionEnd): void {
    this.#attached?.onClosed();
  }

  #write(frame: Frame, encoding: 'json' | 'cbor'): void {
    this.#is_slow = !this.#connection.send(encoding === 'cbor' ? this.#cbor.encode(frame) : encodeJson(frame));
  }

  #onFrame(received: ReceivedFrame): void {
    if ('error' in received) {
      if (this.#attached !== undefined) this.#attached.onBadFrame(received.error);
      else {
        this.send(refusalFrame(NO_SESSION, { type: 'error', content: received.error.toContent() }), 'json');
        this.#connection.close('refused');
      }
    } else if (this.#attached !== undefined) this.#attached.onFrame(received.frame, received.bytes);
    else this.#attached = this.#hub.accept(this, this.#connection.principal, received.frame, received.bytes);
  }
}
