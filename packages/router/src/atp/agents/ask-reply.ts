import type { TransportFailure, TransportVerdict, UpstreamHandler } from '@atp-router/adapters';
import type { WindowSign } from '@atp-router/flow';
import type { JsonObject } from '@atp-router/kernel';
import type { DispatchOutcome } from './exchange-parts.ts';
import { troubleOf } from './verdicts.ts';

/** What an agent says, as the engine would read it from a server that speaks `ask`: whole, or as a stream. Ends once. */
export class AskReply {
  readonly #handler: UpstreamHandler;
  readonly #stream: boolean;
  readonly #onOutcome: (outcome: DispatchOutcome, sign?: WindowSign) => void;
  #has_head = false;
  /** The engine has been told how it ended, or does not want to know. */
  #is_over = false;

  constructor(
    handler: UpstreamHandler,
    stream: boolean,
    onOutcome: (outcome: DispatchOutcome, sign?: WindowSign) => void,
  ) {
    this.#handler = handler;
    this.#stream = stream;
    this.#onOutcome = onOutcome;
  }

  /** Who asked for the whole answer waits for the final one. */
  chunk(data: JsonObject): void {
    if (this.#stream) this.#event('chunk', data);
  }

  final(data: JsonObject): void {
    if (this.#stream) this.#event('final', data);
    else this.#write('application/json', JSON.stringify(data));
    if (this.#is_over) return;
    this.#is_over = true;
    this.#onOutcome('ok', 'timely');
    this.#handler.onEnd();
  }

  /** Without an outcome nothing was sent to the agent. */
  fail(outcome: DispatchOutcome | undefined, failure: TransportVerdict | TransportFailure): void {
    if (this.#is_over) return;
    this.#is_over = true;
    if (outcome !== undefined) this.#onOutcome(outcome, 'kind' in failure ? undefined : troubleOf(failure));
    const told = 'kind' in failure ? failure : ({ kind: 'reset', cause: failure.error, verdict: failure } as const);
    this.#handler.onFail(told);
  }

  /** False when it was over already. */
  cancel(): boolean {
    if (this.#is_over) return false;
    this.#is_over = true;
    this.#onOutcome('cancelled');
    return true;
  }

  #event(name: 'chunk' | 'final', data: JsonObject): void {
    this.#write('text/event-stream', `event: ${name}\ndata: ${JSON.stringify({ ...data, type: name })}\n\n`);
  }

  #write(content_type: string, text: string): void {
    if (this.#is_over) return;
    if (!this.#has_head) {
      this.#has_head = true;
      this.#handler.onHead(200, { get: (name) => (name === 'content-type' ? content_type : undefined) });
    }
    // The engine may have ended it within the head.
    if (!this.#ended()) this.#handler.onData(Buffer.from(text));
  }

  #ended(): boolean {
    return this.#is_over;
  }
}
