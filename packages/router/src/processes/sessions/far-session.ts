import type { CloseName, EncodedFrame, Pipe, PipeHandlers } from '@atp-router/adapters';
import { AtpError } from '@atp-router/kernel';
import type { Frame, FrameError } from '@atp-router/wire';
import type { Carrier, RawCarrier } from '../../atp/host-types.ts';
import type { Attached } from '../../atp/hub-types.ts';
import { ANSWERS, carriedFault, PASSES } from './carriage.ts';

/**
 * What may wait for a worker that does not read, of a connection that cannot be held back. A client may post 8 times 4 MiB; more
 * than one of these only waits where that worker hangs.
 */
const WAITING_BYTES_MAX = 4_194_304;

/** What another worker said to a first frame. `gone`: nobody is there. */
export type FarAnswer = keyof typeof ANSWERS | 'gone';

export interface FarSessionParts {
  readonly carrier: Carrier;
  readonly raw: RawCarrier;
  /** Once, unless it is given up before. */
  readonly onAnswer: (answer: FarAnswer) => void;
  /** Once, when the session was taken and nothing is carried any more. */
  readonly onOver: () => void;
}

/** A connection of this process whose session another worker may have: after that has taken it, frames go there and come back. */
export class FarSession implements PipeHandlers, Attached {
  readonly #parts: FarSessionParts;
  #pipe: Pipe | undefined;
  #state: 'asked' | 'taken' | 'over' = 'asked';
  #is_full = false;
  #waiting_bytes = 0;

  constructor(parts: FarSessionParts) {
    this.#parts = parts;
  }

  /** `open` may throw what cannot be sent. */
  begin(open: (handlers: PipeHandlers) => Pipe): void {
    this.#pipe = open(this);
  }

  /** Nothing is wanted of it any more, and it is told so. */
  giveUp(): void {
    if (this.#state === 'over') return;
    const was_taken = this.#state === 'taken';
    this.#state = 'over';
    this.#pipe?.end();
    if (was_taken) this.#parts.onOver();
  }

  /** This process stops: the client finds its session by another one. */
  close(end: CloseName): void {
    this.giveUp();
    this.#parts.carrier.close(end);
  }

  onMessage(kind: string, body: unknown): void {
    if (this.#state === 'over') return;
    if (this.#state === 'asked') this.#answered(kind);
    else if (kind === PASSES.frame) {
      if (!this.#parts.raw.pass(body as EncodedFrame)) this.#pipe?.pause();
    } else if (kind === PASSES.close) this.close(body as CloseName);
    else throw new AtpError('internal_error', `There is no message "${kind.slice(0, 40)}" of a session.`);
  }

  /** The other worker has read. */
  onDrain(): void {
    this.#waiting_bytes = 0;
    if (!this.#is_full) return;
    this.#is_full = false;
    this.#parts.raw.hold(false);
  }

  onGone(): void {
    if (this.#state === 'taken') this.close('going_away');
    else if (this.#state === 'asked') {
      this.#state = 'over';
      this.#parts.onAnswer('gone');
    }
  }

  /** The client has taken what waited for it. */
  onRoom(): void {
    if (this.#state === 'taken') this.#pipe?.resume();
  }

  onFrame(frame: Frame, bytes: number): void {
    this.#send(PASSES.frame, { frame, bytes }, bytes);
  }

  onBadFrame(error: FrameError): void {
    this.#send(PASSES.fault, carriedFault(error), 0);
  }

  onClosed(): void {
    this.giveUp();
  }

  #answered(kind: string): void {
    const answer = Object.values(ANSWERS).find((one) => one === kind);
    if (answer === undefined)
      throw new AtpError('internal_error', `"${kind.slice(0, 40)}" is no answer to a resumption.`);
    this.#state = answer === 'taken' ? 'taken' : 'over';
    if (answer !== 'taken') this.#pipe?.end();
    this.#parts.onAnswer(answer);
  }

  #send(kind: string, body: unknown, bytes: number): void {
    if (this.#state !== 'taken') return;
    if (this.#pipe?.send(kind, body) !== false) return;
    this.#waiting_bytes += bytes;
    if (this.#waiting_bytes > WAITING_BYTES_MAX) {
      this.close('no_room');
      return;
    }
    if (this.#is_full) return;
    this.#is_full = true;
    this.#parts.raw.hold(true);
  }
}
