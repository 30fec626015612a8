import type { Clock } from './clock.ts';
import { AtpError } from './errors.ts';

/** An operator who was told once looks, and need not be told of each further one meanwhile. */
const EVERY_MS = 60_000;

/**
 * Tells of something that may come about as often as somebody else likes: the first time at once, then once in a minute at
 * most, with how many were not told.
 */
export class Complaints {
  readonly #clock: Pick<Clock, 'mono_ms'>;
  readonly #tell: (problem: AtpError) => void;
  #told_mono_ms = Number.NEGATIVE_INFINITY;
  #untold = 0;

  constructor(clock: Pick<Clock, 'mono_ms'>, tell: (problem: AtpError) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  about(words: string, cause?: unknown): void {
    const mono_ms = this.#clock.mono_ms();
    if (mono_ms - this.#told_mono_ms < EVERY_MS) {
      this.#untold += 1;
      return;
    }
    const more =
      this.#untold === 0 ? '' : ` The same or the like came ${this.#untold} times more since it was told last.`;
    this.#told_mono_ms = mono_ms;
    this.#untold = 0;
    this.#tell(new AtpError('internal_error', `${words}${more}`, { cause }));
  }
}
