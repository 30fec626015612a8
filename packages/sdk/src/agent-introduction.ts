import type { SessionEffect } from '@atp-router/session';
import type { Backoff } from './backoff.ts';
import { AtpTaskError } from './errors.ts';
import type { Runtime } from './runtime.ts';

/** Of what an agent says of itself before it is given up. Each has half a minute of sending again behind it (S12). */
const SAYINGS_MAX = 3;
/** From the saying to the answer: longer than either message is sent again. */
const ANSWER_MS = 65_000;

/** What becomes of it. */
export interface IntroductionPorts {
  /** To be said again, where there is a session. */
  say(): void;
  /** It did not come through; `is_last`: so often that it should not be tried again at once. */
  onLost(error: AtpTaskError, is_last: boolean): void;
}

/** Whether what an agent says of itself has reached the router, and the answer the agent; a message of either may fail. */
export class Introduction {
  readonly #runtime: Pick<Runtime, 'setTimeout' | 'clearTimeout'>;
  readonly #backoff: Backoff;
  readonly #ports: IntroductionPorts;
  #timer: unknown;
  /** Number of its message on stream 0, while it is not answered. */
  #msg_seq: number | undefined;
  #lost = 0;

  constructor(runtime: Pick<Runtime, 'setTimeout' | 'clearTimeout'>, backoff: Backoff, ports: IntroductionPorts) {
    this.#runtime = runtime;
    this.#backoff = backoff;
    this.#ports = ports;
  }

  /** It was handed to the session as this message of stream 0. */
  said(msg_seq: number): void {
    this.#msg_seq = msg_seq;
    this.#after(ANSWER_MS, () => this.#fail('The router did not answer to what the agent says of itself.'));
  }

  /** There was no room for it. */
  refused(): void {
    this.#fail('There was no room for what the agent says of itself.');
  }

  /** From the link: a message of stream 0 has failed. Of the other end's, which it was is not known: perhaps the answer. */
  failed({ way, id, reason }: Extract<SessionEffect, { type: 'failed' }>): void {
    if (this.#msg_seq === undefined || (way === 'out' && id.msg_seq !== this.#msg_seq)) return;
    // Of the other reasons the session ends, and the next one begins anew.
    if (reason !== 'expired' && reason !== 'corrupt') return;
    this.#fail(
      way === 'out' ? 'What the agent says of itself did not arrive.' : 'The answer of the router did not arrive.',
    );
  }

  /** The router has answered: nothing is missing. */
  answered(): void {
    this.stop();
    this.#lost = 0;
  }

  /** The router has taken it: a later one begins with short pauses. */
  taken(): void {
    this.answered();
    this.#backoff.reset();
  }

  /** After a handshake it is said anyway. */
  later(retry_after_ms: number | undefined): void {
    this.#after(this.#backoff.next_ms(retry_after_ms), () => this.#ports.say());
  }

  stop(): void {
    this.#runtime.clearTimeout(this.#timer);
    this.#msg_seq = undefined;
  }

  #fail(reason: string): void {
    this.stop();
    this.#lost += 1;
    this.#ports.onLost(new AtpTaskError({ code: 'ETIMEOUT', reason }), this.#lost >= SAYINGS_MAX);
  }

  #after(delay_ms: number, run: () => void): void {
    this.#runtime.clearTimeout(this.#timer);
    this.#timer = this.#runtime.setTimeout(run, delay_ms);
  }
}
