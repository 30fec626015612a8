import type { LinkOptions } from './types.ts';

/**
 * A conversation of two processes on a connection of its own, for what may be long and is read at the reader's pace. Bodies are
 * those of links. What is sent comes in its order.
 */
export interface Pipe {
  /**
   * False: what was sent waits for the other side to read; `onDrain` follows. What cannot be sent (reported) ends the
   * conversation.
   */
  send(kind: string, body?: unknown): boolean;
  /** Nothing is taken until `resume`, and the other side is held back. */
  pause(): void;
  resume(): void;
  /** Ends it: what was sent still leaves, and nothing is told any more. */
  end(): void;
  /** Ends it at once; nothing is told any more. */
  destroy(): void;
}

export interface PipeHandlers {
  /** What it throws is reported, and ends the conversation. */
  onMessage(kind: string, body: unknown): void;
  /** What was sent has gone: there is room for more. */
  onDrain(): void;
  /** Once, when the other side has ended it or is gone; behind all that it said. Never within a call. */
  onGone(): void;
}

export interface PipeClientOptions extends LinkOptions {
  /** The first thing that is said. */
  readonly hello: unknown;
  /** `onGone` also where nobody listens, or where this process is not let in. */
  readonly handlers: PipeHandlers;
}

export interface PipeServerOptions extends LinkOptions {
  /** Somebody begins a conversation. What it throws is reported, and ends it. */
  readonly onPipe: (pipe: Pipe, hello: unknown) => PipeHandlers;
}

export interface PipeServer {
  /** Stops listening and ends every conversation. */
  close(): Promise<void>;
}
