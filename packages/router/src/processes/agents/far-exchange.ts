import type { Pipe, PipeHandlers, UpstreamExchange, UpstreamHandler } from '@atp-router/adapters';
import { AtpError } from '@atp-router/kernel';
import { type Blamed, gone, unsendable } from '../../atp/agents/verdicts.ts';
import type { Nobody } from '../../atp/agents/roster.ts';
import { type CarriedFailure, failureOf, nobodyOf, SAYS } from './errand.ts';

/** How work that was given to another process ended here. */
export const FAR_OUTCOMES = ['ok', 'failed', 'cancelled', 'refused', 'lost'] as const;

export type FarOutcome = (typeof FAR_OUTCOMES)[number];

export interface FarParts {
  readonly handler: UpstreamHandler;
  readonly blamed: Blamed;
  /** An agent there has it. */
  readonly onTaken: (id: string, number: number) => void;
  readonly onRefused: (why: Nobody) => void;
  /** Once, before anybody is told of it otherwise. */
  readonly onOver: (outcome: FarOutcome) => void;
}

type Take = (body: unknown) => void;

/** One attempt at an agent of another process: what that process says of it is what happens here. */
export class FarExchange implements UpstreamExchange, PipeHandlers {
  readonly #parts: FarParts;
  readonly #takes: Readonly<Record<string, Take>>;
  #pipe: Pipe | undefined;
  #is_taken = false;
  #is_over = false;

  constructor(parts: FarParts) {
    this.#parts = parts;
    const { handler } = parts;
    this.#takes = {
      [SAYS.taken]: (body) => this.#taken(body),
      [SAYS.refused]: (body) => this.#refused(nobodyOf(body)),
      [SAYS.sent]: () => handler.onSent?.(),
      [SAYS.head]: (body) => this.#head(body),
      [SAYS.data]: (body) => handler.onData(bytesOf(body)),
      [SAYS.end]: () => {
        this.#end('ok');
        handler.onEnd();
      },
      [SAYS.fail]: (body) => {
        this.#end('failed');
        handler.onFail(failureOf(body as CarriedFailure));
      },
    };
  }

  /** `open` throws what cannot be sent. */
  begin(open: (handlers: PipeHandlers) => Pipe): void {
    try {
      this.#pipe = open(this);
    } catch (cause) {
      this.#end('failed');
      const verdict = unsendable(cause, this.#parts.blamed);
      this.#parts.handler.onFail({ kind: 'reset', cause, verdict });
    }
  }

  cancel(): void {
    if (!this.#is_over) this.#end('cancelled');
  }

  pause(): void {
    if (!this.#is_over) this.#pipe?.pause();
  }

  resume(): void {
    if (!this.#is_over) this.#pipe?.resume();
  }

  onMessage(kind: string, body: unknown): void {
    if (this.#is_over) return;
    const take = Object.hasOwn(this.#takes, kind) ? this.#takes[kind] : undefined;
    if (take === undefined) throw new AtpError('internal_error', `There is no message "${kind.slice(0, 40)}" of work.`);
    take(body);
  }

  onDrain(): void {}

  /** The process is gone: as when an agent loses its connection. */
  onGone(): void {
    if (this.#is_over) return;
    if (!this.#is_taken) {
      this.#refused('none', 'lost');
      return;
    }
    this.#end('lost');
    const verdict = gone(this.#parts.blamed);
    this.#parts.handler.onFail({ kind: 'reset', cause: verdict.error, verdict });
  }

  #taken(body: unknown): void {
    const [id, number] = body as readonly [string, number];
    this.#is_taken = true;
    this.#parts.onTaken(id, number);
  }

  #refused(why: Nobody, outcome: FarOutcome = 'refused'): void {
    this.#end(outcome);
    this.#parts.onRefused(why);
  }

  #head(body: unknown): void {
    const [status, content_type] = body as readonly [number, string | undefined];
    this.#parts.handler.onHead(status, { get: (name) => (name === 'content-type' ? content_type : undefined) });
  }

  #end(outcome: FarOutcome): void {
    this.#is_over = true;
    this.#pipe?.destroy();
    this.#parts.onOver(outcome);
  }
}

function bytesOf(body: unknown): Buffer {
  const { buffer, byteOffset, length } = body as Uint8Array;
  return Buffer.from(buffer, byteOffset, length);
}
