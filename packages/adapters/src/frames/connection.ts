import type { Frame, FrameError } from '@atp-router/wire';
import type { CloseName } from './closes.ts';
import type { Credential, FramePrincipal } from './credential.ts';

/** A frame as it goes out: JSON text, or the bytes of its CBOR. Bytes must not change until they have left. */
export type EncodedFrame = string | Uint8Array;

/** A frame as it came, decoded within the wire's limits, or why it is none. `bytes`: its size as it came. */
export type ReceivedFrame = { readonly bytes: number } & ({ readonly frame: Frame } | { readonly error: FrameError });

/**
 * A way for frames between this process and one peer, whatever it is made of. It knows nothing of sessions. Frames may be
 * lost with it, and are never repeated or changed in order by it.
 */
export interface FrameConnection {
  /** What it is made of, for logs and metrics only. */
  readonly carrier: 'websocket' | 'http';
  /** Who the credential of the handshake belongs to; absent when there was none, and the first frame has to say. */
  readonly principal: FramePrincipal | undefined;
  /** Whether the connection is TLS, and the peer's address as the socket says it. */
  readonly secure: boolean;
  readonly remote_address: string;
  /** Bytes that were sent and not taken yet. */
  readonly buffered_bytes: number;
  /** Nothing can be sent any more. */
  readonly closed: boolean;
  /**
   * Sends one frame. False when the peer is slow, or gone: wait for `onDrain`. A sender that does not wait is closed with
   * `slow` at `unsent_bytes`. Throws `FrameError` when the way needs another encoding, and the frame is too large in it.
   */
  send(frame: EncodedFrame): boolean;
  /** Reads no more of the peer until it is not held any more; what has come is still handed on. Over plain HTTP nothing is held. */
  hold(is_held: boolean): void;
  /** Closes it, after what was sent. `reason`: for people, at most 123 bytes of it are told. `onClose` is not called. */
  close(end: CloseName, reason?: string): void;
}

/** Why a connection is over that its user did not close. */
export interface ConnectionEnd {
  /** As of `closes.ts`, or what the peer said. 1005: closed without a code, 1006: cut. */
  readonly code: number;
  /** What the peer said; from outside, so for logs only. */
  readonly reason: string;
  readonly by: 'peer' | 'here';
}

/** Who uses a connection. What it throws closes the connection with `failed`, and harms no other. */
export interface FrameReceiver {
  /** All frames that came in one read, in the order in which they came. Never empty. */
  onFrames(frames: readonly ReceivedFrame[]): void;
  /** After a `send` that was false: there is room again. */
  onDrain(): void;
  /** Called once, unless the connection was closed by its user. */
  onClose(end: ConnectionEnd): void;
}

/** What takes new connections: the one thing that a shell knows of what is behind it. */
export interface FrameAcceptor {
  /** Who a credential belongs to. Throws an `AtpError` that tells the client why it is not accepted. */
  identify(credential: Credential): FramePrincipal;
  /** A connection of which the first frame has come; it is handed to the receiver next. */
  accept(connection: FrameConnection): FrameReceiver;
  /** Something threw that should not have. */
  onFault(error: unknown): void;
}
