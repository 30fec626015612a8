import { type AttemptFailure, type CallEffect, type CallEvent, CallMachine } from '@atp-router/call';
import { type Choice, foldEvents, type GenEvent } from '@atp-router/dialects';
import { type AtpError, toAtpError } from '@atp-router/kernel';
import type { AttemptRecord } from '@atp-router/ledger';
import type { Attempt } from '../engine/attempt.ts';
import { CallTimers } from '../engine/call-timers.ts';
import { type AttemptEnd, closeAttempt } from '../engine/close-attempt.ts';
import { Dispatcher } from '../engine/dispatcher.ts';
import type { AdmittedCall } from '../engine/env.ts';
import type { UpstreamAttemptFailure } from '../engine/failures.ts';
import type { DispatchOwner } from '../engine/pending.ts';
import { Purse } from '../engine/purse.ts';
import { noteProgress, outTokens } from '../engine/progress.ts';
import { stageSummary } from '../engine/records.ts';
import { tookTooLong } from '../engine/refusals.ts';
import type { Brief } from './briefs.ts';
import { laneCall } from './lane-call.ts';
import type { LaneParts } from './lane-parts.ts';

/** Told what becomes of a lane. Exactly one of `onFinal` and `onFailed` ends it, unless it is cancelled. */
export interface LaneOwner {
  guard(run: () => void): void;
  onAdmitted(lane: LaneRun): void;
  onPiece(lane: LaneRun, text: string): void;
  /** It is tried again: what it said does not count. */
  onRestarted(lane: LaneRun): void;
  onFinal(lane: LaneRun, is_cut: boolean): void;
  onFailed(lane: LaneRun, error: AtpError, was_admitted: boolean): void;
  onAttempt(attempt: Attempt): void;
}

/**
 * One lane of a fan-out: a call machine of its own, whose attempts are those of the call. It is retried as a call is, and none
 * of its bytes go to the client, so also after it has begun to answer.
 */
export class LaneRun implements DispatchOwner {
  readonly work: Brief;
  readonly #call: AdmittedCall;
  readonly #parts: LaneParts;
  readonly #owner: LaneOwner;
  readonly #machine: CallMachine;
  readonly #dispatcher: Dispatcher;
  readonly #timers: CallTimers;
  readonly #share: Purse;
  readonly #records: AttemptRecord[] = [];
  /** By the machine's own count, from 1. */
  readonly #numbers: number[] = [];
  readonly #attempts: Map<number, Attempt> = new Map();
  readonly #pending: CallEffect[] = [];
  #events: GenEvent[] = [];
  #applying = false;
  #over = false;
  #is_cut = false;

  constructor(work: Brief, parts: LaneParts, owner: LaneOwner) {
    const { call, env, funds, intents } = parts;
    this.work = work;
    this.#parts = parts;
    this.#owner = owner;
    const { fanout } = call;
    if (fanout === undefined) throw new Error('a lane is of a fan-out');
    this.#call = laneCall(call, fanout.facet, { ...work, tap: (event) => this.#onEvent(event) });
    this.#machine = new CallMachine(this.#call.plan, env.ambient.rng);
    this.#dispatcher = new Dispatcher(this.#call, env, funds, intents, this);
    this.#timers = new CallTimers(env.ambient.timers);
    this.#share = new Purse(work.share);
  }

  get is_over(): boolean {
    return this.#over;
  }

  /** How its attempts ended. */
  get records(): readonly AttemptRecord[] {
    return this.#records;
  }

  /** The parts of its answer that a client may get: no thinking, which is signed for somebody else. */
  get choice(): Choice | undefined {
    const choice = foldEvents(this.#events).choices[0];
    if (choice === undefined) return undefined;
    return { ...choice, parts: choice.parts.filter(({ type }) => type !== 'thinking' && type !== 'opaque') };
  }

  attempts(): readonly Attempt[] {
    return [...this.#attempts.values()];
  }

  start(): void {
    this.#handle({ type: 'start' });
  }

  /** Nobody needs it any more. */
  cancel(): void {
    this.#finish(() => {
      for (const attempt of this.#attempts.values()) this.#stop(attempt, { outcome: 'cancelled' });
      for (const n of this.#numbers) this.#dispatcher.withdraw(n);
    });
  }

  pause(): void {
    for (const attempt of this.#attempts.values()) attempt.pause();
  }

  resume(): void {
    for (const attempt of this.#attempts.values()) attempt.resume();
  }

  /** The call broke down: nothing may stay held. Never throws. */
  breakDown(error: AtpError): void {
    const { faults } = this.#parts.env;
    this.#over = true;
    this.#timers.cancelAll();
    for (const attempt of this.#attempts.values()) {
      if (attempt.is_booked) continue;
      faults.safely(() => this.#stop(attempt, { outcome: 'error', error: error.code }));
    }
    faults.safely(() => this.#dispatcher.withdrawAll());
  }

  guard(run: () => void): void {
    this.#owner.guard(run);
  }

  onContent(attempt: Attempt): void {
    attempt.commit();
  }

  /** What it says has gone to the tap. */
  onRelay(): void {}

  onAnswer(attempt: Attempt): void {
    this.#completed(attempt);
  }

  onStreamEnd(attempt: Attempt): void {
    this.#completed(attempt);
  }

  onFailed(attempt: Attempt, failure: UpstreamAttemptFailure): void {
    this.#parts.env.faults.note(failure.error);
    this.#close(attempt, { outcome: 'error', error: failure.error.code, failure });
    this.#handle({ type: 'failed', n: this.#own(attempt.spec.n), failure });
  }

  onProgress(attempt: Attempt): void {
    const { call, env } = this.#parts;
    noteProgress(attempt, call.head.call_id, env.log);
    const out_tokens = outTokens(attempt);
    if (out_tokens > attempt.reserved_out_tokens && !attempt.is_complete) {
      const refused = this.#dispatcher.extend(attempt, out_tokens);
      if (refused !== undefined) this.onExhausted(attempt, refused);
    }
    const age_ms = env.ambient.clock.mono_ms() - call.started_mono_ms;
    if (age_ms > call.limits.stream_duration_ms && !attempt.is_over) this.abort(tookTooLong());
  }

  /** What it has said counts as far as it goes. */
  onExhausted(attempt: Attempt, error: AtpError): void {
    if (attempt.is_over || attempt.is_complete) return;
    if (this.#events.length === 0) {
      this.abort(error);
      return;
    }
    this.#is_cut = true;
    attempt.cancel();
    this.#completed(attempt);
  }

  onAttempt(attempt: Attempt): void {
    this.#attempts.set(attempt.spec.n, attempt);
    this.#owner.onAttempt(attempt);
    this.#owner.onAdmitted(this);
  }

  onRefused(n: number, failure: AttemptFailure): void {
    this.#handle({ type: 'failed', n: this.#own(n), failure });
  }

  /** Ends the lane and nobody else: it was stopped for a better tier, say. */
  abort(error: AtpError): void {
    this.guard(() => {
      for (const attempt of this.#attempts.values()) {
        if (!attempt.is_booked) this.#stop(attempt, { outcome: 'error', error: error.code });
      }
      this.#handle({ type: 'abort', error, outcome: 'error' });
    });
  }

  #own(n: number): number {
    return this.#numbers.indexOf(n) + 1;
  }

  #completed(attempt: Attempt): void {
    const record = this.#close(attempt, { outcome: 'ok' });
    try {
      // What the stages held back comes now.
      attempt.lastBytes(
        this.#parts.books.atp(attempt, { call_id: this.#call.head.call_id }),
        stageSummary(record, true),
        this.#is_cut,
      );
    } catch (thrown) {
      const error = toAtpError(thrown);
      this.#parts.env.faults.note(thrown);
      this.#handle({ type: 'failed', n: this.#own(attempt.spec.n), failure: { scope: 'request', error } });
      return;
    }
    this.#handle({ type: 'completed', n: this.#own(attempt.spec.n) });
  }

  #handle(event: CallEvent): void {
    if (this.#over) return;
    this.#pending.push(...this.#machine.handle(event));
    if (this.#applying) return;
    this.#applying = true;
    for (let effect = this.#pending.shift(); effect !== undefined; effect = this.#pending.shift()) this.#apply(effect);
    this.#applying = false;
  }

  #apply(effect: CallEffect): void {
    switch (effect.type) {
      case 'dispatch':
        this.#dispatch(effect.n, effect.turn, effect.kind, effect.target);
        break;
      case 'set_timer':
        this.#timers.set(effect.timer, effect.delay_ms, () => this.guard(() => this.#handle({ type: 'retry_due' })));
        break;
      case 'clear_timer':
        this.#timers.cancel(effect.timer);
        break;
      case 'turn_done':
        this.#handle({ type: 'finish' });
        break;
      case 'succeed':
        this.#finish(() => this.#owner.onFinal(this, this.#is_cut));
        break;
      case 'fail':
        this.#finish(() => this.#owner.onFailed(this, effect.error, this.#attempts.size > 0));
        break;
      case 'cancel':
        // What runs was stopped before; what waits may have a place already, while the shared store is asked.
        this.#dispatcher.withdraw(this.#numbers[effect.n - 1] ?? 0);
        break;
      case 'commit':
        // None of it goes to the client.
        break;
    }
  }

  #dispatch(n: number, turn: number, kind: 'primary' | 'retry' | 'fallback' | 'hedge', target: number): void {
    const number = this.#parts.nextAttempt();
    this.#numbers[n - 1] = number;
    this.#parts.funds.limit(number, this.#share);
    if (n > 1) {
      this.#events = [];
      this.#owner.onRestarted(this);
    }
    this.#dispatcher.dispatch(number, turn, kind, target);
  }

  #onEvent(event: GenEvent): void {
    this.#events.push(event);
    if (event.type === 'text' && event.choice === 0) this.#owner.onPiece(this, event.delta);
  }

  #stop(attempt: Attempt, end: AttemptEnd): void {
    if (attempt.is_booked) return;
    attempt.cancel();
    this.#close(attempt, end);
  }

  #close(attempt: Attempt, end: AttemptEnd): AttemptRecord {
    const { env, books } = this.#parts;
    const add = (record: AttemptRecord): void => {
      books.add(record);
      this.#records.push(record);
    };
    return closeAttempt(attempt, end, this.#call, env, { add }, this.#dispatcher);
  }

  #finish(tell: () => void): void {
    if (this.#over) return;
    this.#over = true;
    this.#timers.cancelAll();
    tell();
  }
}
