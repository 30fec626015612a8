import type { AtpError, Clock, Timer, Timers } from '@atp-router/kernel';
import { noAnswer, tooManyQuestions } from './errors.ts';
import type { LinkLimits } from './limits.ts';
import { OpenQuestions } from './questions.ts';

interface Waiting {
  readonly kind: string;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: AtpError) => void;
}

export interface AskingParts {
  readonly path: string;
  readonly limits: LinkLimits;
  readonly timers: Timers;
  readonly clock: Clock;
}

/** The questions of this side of one link, with one timer for all their deadlines. */
export class Asking {
  readonly #parts: AskingParts;
  readonly #open: OpenQuestions<Waiting>;
  #timer: Timer | undefined;
  /** When the timer runs: for the first deadline, or earlier for that of a question which was answered since. */
  #timer_at_ms: number = Number.POSITIVE_INFINITY;

  constructor(parts: AskingParts) {
    this.#parts = parts;
    this.#open = new OpenQuestions(parts.limits.questions);
  }

  /** `post` sends the question of that number; what it throws is the answer. */
  ask(kind: string, timeout_ms: number, post: (id: number) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const deadline_ms = this.#parts.clock.mono_ms() + timeout_ms;
      const id = this.#open.add({ kind, resolve, reject }, deadline_ms);
      if (id === undefined) return reject(tooManyQuestions(this.#parts.limits.questions));
      try {
        post(id);
      } catch (error) {
        this.#open.take(id);
        throw error;
      }
      if (this.#open.size > 0) this.#lookAt(deadline_ms);
    });
  }

  /** Answers to questions that were given up are nothing to anybody. */
  resolve(id: number, answer: unknown): void {
    this.#open.take(id)?.resolve(answer);
  }

  reject(id: number, error: AtpError): void {
    this.#open.take(id)?.reject(error);
  }

  rejectAll(error: AtpError): void {
    this.#timer?.cancel();
    this.#timer_at_ms = Number.POSITIVE_INFINITY;
    for (const { reject } of this.#open.takeAll()) reject(error);
  }

  #lookAt(deadline_ms: number): void {
    if (deadline_ms >= this.#timer_at_ms) return;
    const { timers, clock } = this.#parts;
    this.#timer?.cancel();
    this.#timer_at_ms = deadline_ms;
    this.#timer = timers.after(Math.max(0, deadline_ms - clock.mono_ms()), () => this.#look());
  }

  #look(): void {
    const { path, clock } = this.#parts;
    for (const { kind, reject } of this.#open.takeDue(clock.mono_ms())) reject(noAnswer(path, kind));
    this.#timer_at_ms = Number.POSITIVE_INFINITY;
    this.#lookAt(this.#open.deadline_ms());
  }
}
