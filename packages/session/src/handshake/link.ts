import { type Acknowledgement, errorPayload, type Frame, type Payload } from '@atp-router/wire';
import type { Core } from '../core.ts';
import type { SessionStore } from '../durable/stored.ts';

/**
 * `idle`: not connected, and never was established. `opening`: connected, and the first handshake is not done. `open`.
 * `lost`: established and without a connection. `resuming`: connected again, and not resumed yet.
 */
export type LinkPhase = 'idle' | 'opening' | 'open' | 'lost' | 'resuming' | 'closed';

/** What the handshake brings about. */
export interface LinkTo {
  /** Frames go both ways from now on. `acks` are what the other end has. */
  up(resumed: boolean, acks: readonly Acknowledgement[]): void;
  /** What this end has, for a resumption. */
  acks(): readonly Acknowledgement[];
  close(error: Payload | undefined, reason: 'reset' | 'in_doubt'): void;
}

/** The connection as the session sees it: handshake, loss, resumption, in real time. One of client and of server. */
export abstract class Link {
  phase: LinkPhase = 'idle';
  protected readonly core: Core;
  protected readonly store: SessionStore;
  protected readonly to: LinkTo;
  /** End of the handshake of this connection, and of the session without one. Monotone milliseconds. */
  protected handshake_end_ms: number = Number.POSITIVE_INFINITY;
  protected lost_end_ms: number = Number.POSITIVE_INFINITY;

  constructor(core: Core, store: SessionStore, to: LinkTo) {
    this.core = core;
    this.store = store;
    this.to = to;
  }

  get is_over(): boolean {
    return this.phase === 'closed';
  }

  get deadline_ms(): number {
    return Math.min(this.handshake_end_ms, this.lost_end_ms);
  }

  abstract connected(): void;
  /** A frame of the handshake; any frame as long as it is not done. */
  abstract frame(frame: Frame): void;
  /** A frame of the handshake that breaks the protocol. */
  abstract violated(error: Payload): void;

  disconnected(): void {
    this.handshake_end_ms = Number.POSITIVE_INFINITY;
    if (this.phase === 'open') this.lose();
    else if (this.phase === 'resuming') this.phase = 'lost';
    else if (this.phase === 'opening' && this.core.agreed === undefined) this.phase = 'idle';
    // A server that has not answered yet: the client comes again, or its time is over.
    else if (this.phase === 'opening') this.lose();
  }

  /** The session is kept for its time (S31). */
  lose(): void {
    this.phase = 'lost';
    this.core.is_up = false;
    this.lost_end_ms = this.core.now_ms + (this.core.agreed?.resume_ttl_ms ?? 0);
  }

  timeout(): void {
    if (this.core.now_ms >= this.lost_end_ms) {
      const wasConnected = this.phase === 'resuming';
      this.to.close(
        errorPayload('ETIMEOUT', { reason: 'The session was without a connection for too long.' }),
        'in_doubt',
      );
      if (wasConnected) this.core.emit({ type: 'disconnect' });
    } else if (this.core.now_ms >= this.handshake_end_ms) this.late();
  }

  /** The handshake took too long. */
  protected late(): void {
    this.handshake_end_ms = Number.POSITIVE_INFINITY;
    if (this.phase === 'resuming') this.phase = 'lost';
    else this.to.close(errorPayload('ETIMEOUT', { reason: 'The handshake took too long.' }), 'in_doubt');
    this.core.emit({ type: 'disconnect' });
  }

  protected established(resumed: boolean, acks: readonly Acknowledgement[]): void {
    this.phase = 'open';
    this.handshake_end_ms = Number.POSITIVE_INFINITY;
    this.lost_end_ms = Number.POSITIVE_INFINITY;
    this.to.up(resumed, acks);
  }
}
