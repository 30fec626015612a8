import { type AtpError, type Clock, Complaints } from '@atp-router/kernel';
import { type Envelope, isEnvelope } from './envelope.ts';

/** What comes from other machines, one after the other: what is none of it is left out and told of, and the rest is taken. */
export class Inbox {
  readonly #open: (from: string, envelope: Envelope) => boolean;
  readonly #refused: Complaints;

  /** `open`: returns whether it is what its kind says. */
  constructor(
    open: (from: string, envelope: Envelope) => boolean,
    clock: Pick<Clock, 'mono_ms'>,
    onProblem: (problem: AtpError) => void,
  ) {
    this.#open = open;
    this.#refused = new Complaints(clock, onProblem);
  }

  take(from: string, messages: readonly unknown[]): void {
    for (const message of messages) {
      try {
        if (!isEnvelope(message)) this.#refuse(from, 'no envelope');
        else if (!this.#open(from, message)) this.#refuse(from, message.kind);
      } catch (cause) {
        this.#refused.about(`What ${from.slice(0, 100)} sent could not be taken.`, cause);
      }
    }
  }

  #refuse(from: string, what: string): void {
    const said = `${from.slice(0, 100)} sent something that is not understood here (${what.slice(0, 40)})`;
    this.#refused.about(
      `${said}. It was left out. Another version may run there, or somebody else writes to cluster.url.`,
    );
  }
}
