import type { AtpError } from '@atp-router/kernel';
import type { AnswerMeta, ClientSink } from '../../engine/client.ts';
import type { Bytes } from '../../relay/types.ts';
import type { ClientAnswer } from './client-answer.ts';

/** Told once what became of a call. */
export interface Watcher {
  onAnswered(model: string | undefined): void;
  onFailed(): void;
  /** The client has gone while it was answered, before anything is made of that. `is_waited_for`: it took nothing any more. */
  onLeft?(model: string | undefined, is_waited_for: boolean): void;
}

/** The client's side of a call whose answer is copied: all goes on as it comes, and what is watched is told when it has. */
export class WatchedSink implements ClientSink {
  readonly #to: ClientSink;
  #watched:
    | { readonly answer: ClientAnswer; readonly watcher: Watcher; readonly challenger: string | undefined }
    | undefined;
  #model: string | undefined;
  /** Something waits for the client to take it. */
  #waits = false;

  constructor(to: ClientSink) {
    this.#to = to;
  }

  get challenger(): string | undefined {
    return this.#watched?.challenger ?? this.#to.challenger;
  }

  /** `challenger`: whom the answer is held against, which the client is told. */
  watch(answer: ClientAnswer, watcher: Watcher, challenger?: string): void {
    this.#watched = { answer, watcher, challenger };
  }

  answer(meta: AnswerMeta, body: Bytes): void {
    this.#to.answer(meta, body);
    this.#model = meta.model;
    this.#watched?.answer.add(body);
    this.#done((watcher) => watcher.onAnswered(this.#model));
  }

  begin(meta: AnswerMeta): void {
    this.#to.begin(meta);
    this.#model = meta.model;
  }

  write(chunk: Bytes): boolean {
    this.#watched?.answer.add(chunk);
    this.#waits = !this.#to.write(chunk);
    return !this.#waits;
  }

  end(chunks: readonly Bytes[]): void {
    this.#to.end(chunks);
    for (const chunk of chunks) this.#watched?.answer.add(chunk);
    this.#done((watcher) => watcher.onAnswered(this.#model));
  }

  fail(error: AtpError, meta: AnswerMeta): void {
    this.#done((watcher) => watcher.onFailed());
    this.#to.fail(error, meta);
  }

  cut(): void {
    this.#done((watcher) => watcher.onFailed());
    this.#to.cut();
  }

  onDrain(run: () => void): void {
    this.#to.onDrain(() => {
      this.#waits = false;
      run();
    });
  }

  onGone(run: () => void): void {
    this.#to.onGone(() => {
      this.#watched?.watcher.onLeft?.(this.#model, this.#waits);
      run();
    });
  }

  #done(tell: (watcher: Watcher) => void): void {
    const watched = this.#watched;
    this.#watched = undefined;
    if (watched !== undefined) tell(watched.watcher);
  }
}
