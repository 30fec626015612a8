import { type LinkClient, type LinkPeer, openLink, systemClock, systemTimers } from '@atp-router/adapters';
import { isOwnerMessage, type OwnerMessage } from '@atp-router/flow';
import { AtpError, type Timer } from '@atp-router/kernel';
import type { OnProblem } from '../options.ts';
import { KIND, type SharedView, type WorkerHello } from './shared-view.ts';

/** An owner that starts at the same time is there within this, or something is wrong with it. */
const FIRST_VIEW_MS = 30_000;

export interface OwnerLinkParts {
  /** Of the owner's socket. */
  readonly path: string;
  readonly version: string;
  readonly hello: WorkerHello;
  readonly onProblem: OnProblem | undefined;
}

/** Told of what comes from the owner. */
export interface OwnerListener {
  onUp(): void;
  onDown(): void;
  onView(view: SharedView): void;
  onCredit(message: OwnerMessage): void;
  /** What else it says, by kind. */
  readonly takes: Readonly<Record<string, (body: unknown) => void>>;
  /** What answers a kind of question; undefined: nothing does. */
  answers(kind: string): ((body: unknown) => Promise<unknown>) | undefined;
}

/** A worker's way to its owner, and to whoever is that next. */
export class OwnerLink {
  readonly #link: LinkClient;
  readonly #onProblem: OnProblem | undefined;
  #listener: OwnerListener | undefined;
  #view: SharedView | undefined;
  #first: ((view: SharedView) => void) | undefined;

  constructor({ path, version, hello, onProblem }: OwnerLinkParts) {
    this.#onProblem = onProblem;
    this.#link = openLink({
      ...{ path, version, timers: systemTimers, clock: systemClock, hello: () => hello },
      handlers: {
        onMessage: (kind, body) => this.#take(kind, body),
        onQuestion: (kind, body) => this.#answer(kind, body),
        onDown: () => this.#listener?.onDown(),
      },
      onUp: () => this.#listener?.onUp(),
      onRefused: (reason) =>
        this.#problem(new AtpError('internal_error', `The owner does not let this worker in: ${reason}`)),
      onProblem: (problem) => this.#problem(problem),
    });
  }

  get peer(): LinkPeer {
    return this.#link.peer;
  }

  /** What the owner has in force. Throws when it does not say so in time. */
  firstView(): Promise<SharedView> {
    if (this.#view !== undefined) return Promise.resolve(this.#view);
    return new Promise((resolve, reject) => {
      const timer: Timer = systemTimers.after(FIRST_VIEW_MS, () => {
        this.#first = undefined;
        reject(new AtpError('internal_error', `The owner process did not answer within ${FIRST_VIEW_MS / 1_000} s.`));
      });
      this.#first = (view) => {
        timer.cancel();
        resolve(view);
      };
    });
  }

  /** From here on what comes goes there, the latest view and the link being up included. */
  listen(listener: OwnerListener): void {
    this.#listener = listener;
    if (this.#view !== undefined) listener.onView(this.#view);
    if (this.#link.isUp) listener.onUp();
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  #take(kind: string, body: unknown): void {
    if (kind === KIND.credit && isOwnerMessage(body)) this.#listener?.onCredit(body);
    else if (kind === KIND.view) {
      this.#view = body as SharedView;
      this.#first?.(this.#view);
      this.#first = undefined;
      this.#listener?.onView(this.#view);
    } else this.#takeElse(kind, body);
  }

  #takeElse(kind: string, body: unknown): void {
    // Before there is a listener nothing was asked for: who begins to listen is told of all.
    if (this.#listener === undefined) return;
    const { takes } = this.#listener;
    const take = Object.hasOwn(takes, kind) ? takes[kind] : undefined;
    if (take !== undefined) take(body);
    else
      this.#problem(
        new AtpError('internal_error', `The owner sent something that is not understood here (${kind.slice(0, 40)}).`),
      );
  }

  async #answer(kind: string, body: unknown): Promise<unknown> {
    if (this.#listener === undefined) throw new AtpError('backpressure', 'This worker is still starting.');
    const answer = this.#listener.answers(kind);
    if (answer === undefined) throw new AtpError('not_found', `There is no question "${kind.slice(0, 40)}".`);
    return answer(body);
  }

  #problem(problem: AtpError): void {
    this.#onProblem?.('workers', problem);
  }
}
