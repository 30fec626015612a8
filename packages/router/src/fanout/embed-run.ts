import type { AttemptFailure } from '@atp-router/call';
import type { AtpError } from '@atp-router/kernel';
import type { AttemptRecord } from '@atp-router/ledger';
import type { Attempt } from '../engine/attempt.ts';
import { type AttemptEnd, closeAttempt } from '../engine/close-attempt.ts';
import { Dispatcher } from '../engine/dispatcher.ts';
import type { AdmittedCall } from '../engine/env.ts';
import type { UpstreamAttemptFailure } from '../engine/failures.ts';
import type { DispatchOwner } from '../engine/pending.ts';
import { embedCall, type EmbedWork } from './embed-call.ts';
import type { LaneParts } from './lane-parts.ts';

export type Embedded = readonly Float32Array[] | AtpError;

/** Told once how it ended, unless it was stopped. */
export interface EmbedOwner {
  guard(run: () => void): void;
  onAttempt(attempt: Attempt): void;
  /** It is booked: how it ended, and what it costs. */
  onBooked(record: AttemptRecord): void;
  onEmbedded(result: Embedded): void;
}

/**
 * One attempt of a call that embeds texts of a lane. It has the call's funds and a place at its target as any other, and is
 * not tried again: its session can do without.
 */
export class EmbedRun implements DispatchOwner {
  readonly #call: AdmittedCall;
  readonly #parts: LaneParts;
  readonly #owner: EmbedOwner;
  readonly #dispatcher: Dispatcher;
  readonly #n: number;
  #attempt: Attempt | undefined;
  #vectors: readonly Float32Array[] = [];
  #over = false;

  constructor(work: Omit<EmbedWork, 'take'>, parts: LaneParts, owner: EmbedOwner) {
    const { call, env, funds, intents } = parts;
    this.#parts = parts;
    this.#owner = owner;
    const take = (vectors: readonly Float32Array[]): void => {
      this.#vectors = vectors;
    };
    this.#call = embedCall(call, { ...work, take });
    this.#dispatcher = new Dispatcher(this.#call, env, funds, intents, this);
    this.#n = parts.nextAttempt();
  }

  start(): void {
    this.#dispatcher.dispatch(this.#n, 1, 'primary', 0);
  }

  /** Nobody needs it any more. */
  stop(): void {
    this.#end({ outcome: 'cancelled' });
  }

  /** The call broke down: nothing may stay held. Never throws. */
  breakDown(error: AtpError): void {
    const { faults } = this.#parts.env;
    faults.safely(() => this.#end({ outcome: 'error', error: error.code }));
    faults.safely(() => this.#dispatcher.withdrawAll());
  }

  has(which: (attempt: Attempt) => boolean): boolean {
    return this.#attempt !== undefined && !this.#attempt.is_over && which(this.#attempt);
  }

  /** Ends it and nobody else: it was stopped for a better tier, or by a kill switch. */
  abort(error: AtpError): void {
    this.guard(() => this.#fail({ outcome: 'error', error: error.code }, error));
  }

  guard(run: () => void): void {
    this.#owner.guard(run);
  }

  onAttempt(attempt: Attempt): void {
    this.#attempt = attempt;
    this.#owner.onAttempt(attempt);
  }

  onAnswer(): void {
    const vectors = this.#vectors;
    if (this.#end({ outcome: 'ok' })) this.#owner.onEmbedded(vectors);
  }

  onFailed(_attempt: Attempt, failure: UpstreamAttemptFailure): void {
    this.#parts.env.faults.note(failure.error);
    this.#fail({ outcome: 'error', error: failure.error.code, failure }, failure.error);
  }

  onRefused(_n: number, { error }: AttemptFailure): void {
    this.#fail({ outcome: 'error', error: error.code }, error);
  }

  onExhausted(_attempt: Attempt, error: AtpError): void {
    this.abort(error);
  }

  /** An answer without a stream shows nothing before its end. */
  onContent(): void {}
  onRelay(): void {}
  onStreamEnd(): void {}
  onProgress(): void {}

  #fail(end: AttemptEnd, error: AtpError): void {
    if (this.#end(end)) this.#owner.onEmbedded(error);
  }

  /** Books it, once. False: it had ended before. */
  #end(end: AttemptEnd): boolean {
    if (this.#over) return false;
    this.#over = true;
    const attempt = this.#attempt;
    this.#dispatcher.withdraw(this.#n);
    if (attempt === undefined || attempt.is_booked) return true;
    if (end.outcome !== 'ok') attempt.cancel();
    const { env, books } = this.#parts;
    const add = (record: AttemptRecord): void => {
      books.add(record);
      this.#owner.onBooked(record);
    };
    closeAttempt(attempt, end, this.#call, env, { add }, this.#dispatcher);
    return true;
  }
}
