import type { AtpError } from '@atp-router/kernel';
import type { AnswerMeta, ClientSink } from '../../../src/engine/client.ts';
import type { Bytes } from '../../../src/relay/types.ts';
import type { Draw } from '@atp-router/kernel/testing';
import type { VirtualTime } from './virtual-time.ts';

export interface ClientBehaviour {
  /** Share of writes after which it does not keep up for a while. */
  readonly slow_share: number;
  /** It leaves so long after it asked; never when undefined. */
  readonly leaves_after_ms: number | undefined;
}

export type Ending = 'answer' | 'end' | 'fail' | 'cut';

/** A client of a history: takes what it is given, sometimes slowly, and may leave. Notes every breach of the contract. */
export class FakeClient implements ClientSink {
  readonly breaches: string[] = [];
  begun: AnswerMeta | undefined;
  /** What ended it; the contract wants exactly one. */
  ending: Ending | undefined;
  meta: AnswerMeta | undefined;
  error: AtpError | undefined;
  is_gone = false;
  #chunks: Buffer[] = [];
  #on_gone: (() => void) | undefined;
  readonly #time: VirtualTime;
  readonly #draw: Draw;
  readonly #behaviour: ClientBehaviour;
  readonly #onEnding: () => void;

  constructor(time: VirtualTime, draw: Draw, behaviour: ClientBehaviour, onEnding: () => void) {
    this.#time = time;
    this.#draw = draw;
    this.#behaviour = behaviour;
    this.#onEnding = onEnding;
    const { leaves_after_ms } = behaviour;
    if (leaves_after_ms !== undefined) time.after(leaves_after_ms, () => this.#leave());
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }

  answer(meta: AnswerMeta, body: Bytes): void {
    if (this.begun !== undefined) this.breaches.push('a whole answer after the head of a stream');
    this.#take(body);
    this.#end('answer', meta);
  }

  begin(meta: AnswerMeta): void {
    if (this.begun !== undefined) this.breaches.push('a second head');
    if (this.ending !== undefined) this.breaches.push('a head after the end');
    this.begun = meta;
  }

  write(chunk: Bytes): boolean {
    if (this.begun === undefined) this.breaches.push('bytes before the head');
    this.#take(chunk);
    return !this.is_gone && !this.#draw.chance(this.#behaviour.slow_share);
  }

  end(chunks: readonly Bytes[]): void {
    if (this.begun === undefined) this.breaches.push('the end of a stream without its head');
    for (const chunk of chunks) this.#take(chunk);
    this.#end('end', this.begun);
  }

  fail(error: AtpError, meta: AnswerMeta): void {
    this.error = error;
    this.#end('fail', meta);
  }

  cut(): void {
    this.#end('cut', undefined);
  }

  onDrain(run: () => void): void {
    if (!this.is_gone) this.#time.after(this.#draw.one(0, 1, 40, 700), () => (this.is_gone ? undefined : run()));
  }

  onGone(run: () => void): void {
    this.#on_gone = run;
    // As the listener does for one who left before anybody asked.
    if (this.is_gone) this.#time.after(0, run);
  }

  #leave(): void {
    if (this.ending !== undefined) return;
    this.is_gone = true;
    this.#on_gone?.();
  }

  #take(chunk: Bytes): void {
    if (this.ending !== undefined) this.breaches.push(`bytes after "${this.ending}"`);
    // A copy: what was handed over must not depend on what its owner does with the memory later.
    this.#chunks.push(Buffer.from(chunk as Uint8Array));
  }

  #end(ending: Ending, meta: AnswerMeta | undefined): void {
    if (this.ending !== undefined) this.breaches.push(`"${ending}" after "${this.ending}"`);
    this.ending = ending;
    this.meta = meta;
    this.#onEnding();
  }
}
