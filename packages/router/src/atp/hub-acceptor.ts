import type {
  ConnectionEnd,
  Credential,
  FrameAcceptor,
  FrameConnection,
  FramePrincipal,
  FrameReceiver,
  ReceivedFrame,
} from '@atp-router/adapters';
import { refusalFrame } from '@atp-router/session';
import { encodeCbor, encodeJson, type Frame } from '@atp-router/wire';
import type { Carrier } from './session-host.ts';
import type { Attached, SessionHub } from './session-hub.ts';

/** A session id for answers to what had none that could be read. */
const NO_SESSION = '-';

/** Gives connections, of whatever kind, to the sessions of a hub. */
export class HubAcceptor implements FrameAcceptor {
  readonly #hub: SessionHub;
  readonly #identify: (credential: Credential) => FramePrincipal;
  readonly #onFault: (thrown: unknown) => void;

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
    return new HubConnection(this.#hub, connection);
  }

  onFault(error: unknown): void {
    this.#onFault(error);
  }
}

/** One connection: its first frame says which session it is for, and the others are that session's. */
class HubConnection implements FrameReceiver, Carrier {
  readonly #hub: SessionHub;
  readonly #connection: FrameConnection;
  #attached: Attached | undefined;

  constructor(hub: SessionHub, connection: FrameConnection) {
    this.#hub = hub;
    this.#connection = connection;
  }

  send(frame: Frame, encoding: 'json' | 'cbor'): void {
    if (this.#connection.closed) return;
    this.#connection.send(encoding === 'cbor' ? encodeCbor(frame) : encodeJson(frame));
  }

  close(): void {
    if (!this.#connection.closed) this.#connection.close('done');
  }

  onFrames(frames: readonly ReceivedFrame[]): void {
    for (const received of frames) {
      if (this.#connection.closed) return;
      this.#onFrame(received);
    }
  }

  /** The session has its own measure of what is on its way; a peer that takes nothing is given up by the connection. */
  onDrain(): void {}

  onClose(_end: ConnectionEnd): void {
    this.#attached?.onClosed();
  }

  #onFrame(received: ReceivedFrame): void {
    if ('error' in received) {
      const payload = { type: 'error', content: received.error.toContent() };
      if (this.#attached !== undefined) this.#attached.onBadFrame(payload);
      else {
        this.send(refusalFrame(NO_SESSION, payload), 'json');
        this.#connection.close('refused');
      }
    } else if (this.#attached !== undefined) this.#attached.onFrame(received.frame, received.bytes);
    else this.#attached = this.#hub.accept(this, this.#connection.principal, received.frame, received.bytes);
  }
}
