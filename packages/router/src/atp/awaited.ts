import type { Frame, FrameError } from '@atp-router/wire';
import type { Carrier } from './host-types.ts';
import type { Attached } from './hub-types.ts';

/**
 * Frames that came behind a resumption whose session is still being looked for. A client that has one sends its window
 * (S45), and then waits for its answer; more than this it need not send.
 */
const FRAMES_MAX = 64;
const BYTES_MAX = 1_048_576;

/** A connection whose session is not known yet: keeps what comes for it. */
export class Awaited implements Attached {
  readonly #carrier: Carrier;
  #attached: Attached | undefined;
  #frames: { readonly frame: Frame; readonly bytes: number }[] = [];
  #bytes = 0;
  #is_over = false;

  constructor(carrier: Carrier) {
    this.#carrier = carrier;
  }

  /** Nobody waits for the session any more. */
  get is_over(): boolean {
    return this.#is_over;
  }

  settle(attached: Attached): void {
    this.#attached = attached;
    const frames = this.#frames;
    this.#frames = [];
    for (const { frame, bytes } of frames) attached.onFrame(frame, bytes);
  }

  onFrame(frame: Frame, bytes: number): void {
    if (this.#attached !== undefined) this.#attached.onFrame(frame, bytes);
    else if (!this.#is_over) {
      this.#bytes += bytes;
      this.#frames.push({ frame, bytes });
      if (this.#frames.length <= FRAMES_MAX && this.#bytes <= BYTES_MAX) return;
      this.onClosed();
      this.#carrier.close('refused');
    }
  }

  onBadFrame(error: FrameError): void {
    if (this.#attached !== undefined) this.#attached.onBadFrame(error);
    else {
      this.onClosed();
      this.#carrier.close('refused');
    }
  }

  onRoom(): void {
    this.#attached?.onRoom?.();
  }

  onClosed(): void {
    this.#attached?.onClosed();
    this.#frames = [];
    this.#is_over = true;
  }
}
