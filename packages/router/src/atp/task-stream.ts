import type { Meta, Payload } from '@atp-router/wire';

/** The stream that a task came on, as the driver of the call sees it. Whoever drives the session implements it. */
export interface TaskStream {
  /**
   * Sends a message in the stream's main lane; with `fin` it is the last one. It is taken in any case, also when the
   * lane is full; false says so, and that `onWritable` should be waited for.
   */
  send(message: { readonly payload: Payload; readonly meta?: Meta }, fin: boolean): boolean;
  /** Aborts the stream in both directions. */
  reset(error: Payload): void;
  /** Calls once, when the lane takes messages again. */
  onWritable(run: () => void): void;
  /** Calls once, when the other end has aborted the stream or the session is over, before the answer was complete. */
  onGone(run: () => void): void;
}
