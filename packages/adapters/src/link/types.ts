import type { AtpError, Clock, Rng, Timers } from '@atp-router/kernel';
import type { LinkLimits } from './limits.ts';

/**
 * The other process: one-way messages and questions. Bodies are what `v8.serialize` carries: plain data, infinite numbers,
 * undefined, and Uint8Array, of which Buffer comes out as one too. What is sent over one link comes in its order;
 * only the promise of an answer continues behind the messages of the same read.
 */
export interface LinkPeer {
  /**
   * False when the link is down, or is cut because too much waits already, or because this message is larger than a frame
   * or nothing that can be sent (reported). It is lost then; whoever needs more says hello again.
   */
  send(kind: string, body: unknown): boolean;
  /**
   * Rejects with `AtpError`: that of the other side, or one of this side: `internal_error` (503) when the link is or goes
   * down or no answer came in time, which says nothing about what the other side did; `backpressure` for too many at once.
   */
  ask(kind: string, body: unknown, options?: { readonly timeout_ms?: number }): Promise<unknown>;
}

/** What a side does with what comes. Each may throw: a broken link is the worst of it. */
export interface LinkHandlers {
  /** What it throws is reported, and the link is cut, as the message is lost. */
  onMessage(kind: string, body: unknown): void;
  /** The answer, or a rejection with an `AtpError`. Anything else that is thrown becomes `internal_error` without its words. */
  onQuestion(kind: string, body: unknown): Promise<unknown>;
  /** Once for each link that was up, when it is gone, whoever ended it; never within a call of `send`, `ask` or `close`. */
  onDown(): void;
}

/** Of either side. */
export interface LinkOptions {
  /** Of the Unix socket. */
  readonly path: string;
  /** Of the router. Processes of different versions do not talk with each other. */
  readonly version: string;
  readonly timers: Timers;
  readonly clock: Clock;
  /** What the other process or a handler did wrong. What is between the two goes on from there as described, or is cut. */
  readonly onProblem: (problem: AtpError) => void;
  readonly limits?: Partial<LinkLimits>;
}

export interface LinkServerOptions extends LinkOptions {
  /**
   * A client says hello. What is sent to it from within is the first that it gets. `refuse`: why it is not let in, in words
   * for whoever runs it; it may come again.
   */
  readonly onPeer: (peer: LinkPeer & { close(): void }, hello: unknown) => LinkHandlers | { readonly refuse: string };
}

export interface LinkServer {
  /** Stops listening and closes every link; what was sent still leaves. */
  close(): Promise<void>;
}

export interface LinkClientOptions extends LinkOptions {
  /** Asked for each time that a link is made. */
  readonly hello: () => unknown;
  readonly handlers: LinkHandlers;
  /** The hello was accepted. */
  readonly onUp: (peer: LinkPeer) => void;
  /** The server does not want this client, and why. It is asked again, at intervals of up to `retry_longest_ms`. */
  readonly onRefused: (reason: string) => void;
  /** For the jitter of pauses. */
  readonly rng?: Rng;
}

export interface LinkClient {
  /** The same for all links that are made one after the other; it sends nothing while there is none. */
  readonly peer: LinkPeer;
  readonly isUp: boolean;
  /** Ends the link and makes no other; what was sent still leaves. */
  close(): Promise<void>;
}
