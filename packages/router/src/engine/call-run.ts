import { type AttemptFailure, type CallEffect, type CallEvent, CallMachine } from '@atp-router/call';
import { AtpError, toAtpError } from '@atp-router/kernel';
import type { AttemptRecord, CallOutcome, RouterEvent } from '@atp-router/ledger';
import { cameOf, chosenEvents } from '../auto/came.ts';
import type { Bytes } from '../relay/types.ts';
import type { Attempt, AttemptOwner } from './attempt.ts';
import { CallBooks } from './call-books.ts';
import { closeAttempt } from './close-attempt.ts';
import { CallEnd } from './call-end.ts';
import { CallTimers } from './call-timers.ts';
import type { AnswerMeta } from './client.ts';
import { Dispatcher } from './dispatcher.ts';
import type { AdmittedCall, EngineEnv } from './env.ts';
import type { UpstreamAttemptFailure } from './failures.ts';
import { CallFunds } from './funds.ts';
import { Intents } from './intents.ts';
import { noteProgress, outTokens } from './progress.ts';
import { stageSummary } from './records.ts';
import { deadlineExceeded, tookTooLong } from './refusals.ts';
import { sharedHoldOf } from './shared-hold.ts';

/**
 * Runs one call: carries out the machine's effects with real transports, money and a client. The only place where a
 * call's state, its funds and its client meet.
 * The engine's invariant is kept here: whatever comes from outside (timers, sockets, barriers, other calls that make room)
 * enters through `guard`, and `CallEnd` goes through all steps.
 */
export class CallRun implements AttemptOwner {
  readonly call: AdmittedCall;
  place = -1;
  readonly #env: EngineEnv;
  readonly #machine: CallMachine;
  readonly #funds: CallFunds;
  readonly #dispatcher: Dispatcher;
  readonly #attempts: Attempt[] = [];
  readonly #books: CallBooks;
  readonly #intents: Intents;
  readonly #end: CallEnd;
  readonly #timers: CallTimers;
  readonly #pending: CallEffect[] = [];
  #applying = false;
  #begun = false;
  #ended = false;
  #early_finish = false;
  #client_slow = false;

  constructor(call: AdmittedCall, env: EngineEnv) {
    this.call = call;
    this.#env = env;
    this.#machine = new CallMachine(call.plan, env.ambient.rng);
    const shared = sharedHoldOf(env.shared, call.head, call.account_limits, env.faults);
    this.#funds = new CallFunds(env.accounts, env.gate, call.accounts, call.caps, shared);
    this.#intents = new Intents(call, env.log, this.#funds);
    this.#dispatcher = new Dispatcher(call, env, this.#funds, this.#intents, this);
    this.#books = new CallBooks(call, env);
    this.#end = new CallEnd(call, env, this.#funds, this.#books);
    this.#timers = new CallTimers(env.ambient.timers);
  }

  get attempts(): readonly Attempt[] {
    return this.#attempts;
  }

  /** Never throws, as `abort` and `guard`. */
  start(): void {
    this.guard(() => this.#start());
  }

  #start(): void {
    const { sink, deadline_ms } = this.call;
    sink.onGone(() => this.abort(new AtpError('request_cancelled', 'The client went away.'), 'cancelled'));
    if (deadline_ms !== undefined) {
      const rest_ms = Math.max(0, deadline_ms - this.#age_ms());
      this.#timers.set('deadline', rest_ms, () => this.abort(deadlineExceeded(deadline_ms), 'error'));
    }
    this.#handle({ type: 'start' });
  }

  /** Ends the call from outside: kill switch, shutdown, deadline, a client that left. */
  abort(error: AtpError, outcome: 'error' | 'cancelled'): void {
    this.guard(() => this.#handle({ type: 'abort', error, outcome }));
  }

  /** Runs a piece of the call's work. What it throws ends this call, and nobody else's. */
  guard(run: () => void): void {
    try {
      run();
    } catch (thrown) {
      this.#env.faults.report(thrown);
      this.#breakDown(toAtpError(thrown));
    }
  }

  // What attempts report.

  onContent(attempt: Attempt): void {
    this.#handle({ type: 'first_byte', n: attempt.spec.n });
  }

  onRelay(attempt: Attempt, chunks: readonly Bytes[]): void {
    for (const chunk of chunks) {
      this.#books.sent(chunk);
      if (!this.call.sink.write(chunk)) this.#slowDown(attempt);
    }
  }

  onAnswer(attempt: Attempt): void {
    this.#handle({ type: 'completed', n: attempt.spec.n });
  }

  onStreamEnd(attempt: Attempt): void {
    this.#handle({ type: 'completed', n: attempt.spec.n });
  }

  onFailed(attempt: Attempt, failure: UpstreamAttemptFailure): void {
    this.#env.faults.note(failure.error);
    this.#close(attempt, 'error', failure.error.code, failure);
    this.#handle({ type: 'failed', n: attempt.spec.n, failure });
  }

  onProgress(attempt: Attempt): void {
    noteProgress(attempt, this.call.head.call_id, this.#env.log);
    const out_tokens = outTokens(attempt);
    // Nothing is left to stop in an answer that is whole.
    if (out_tokens > attempt.reserved_out_tokens && !attempt.is_complete) {
      const refused = this.#dispatcher.extend(attempt, out_tokens);
      if (refused !== undefined) this.onExhausted(attempt, refused);
    }
    this.#limitTime(attempt, this.#age_ms() - this.call.limits.stream_duration_ms);
  }

  /** Of an answer that is whole only its usage can be missing: that is waited for as long as for a next byte. */
  #limitTime(attempt: Attempt, over_ms: number): void {
    if (over_ms <= 0) return;
    if (!attempt.is_complete) this.abort(tookTooLong(), 'error');
    else if (over_ms > attempt.spec.target.provider.idle_timeout_ms) {
      attempt.cancel();
      this.onStreamEnd(attempt);
    }
  }

  /** A dispatch that never reached its upstream: no funds, no place, no way to say it in the target's shape. */
  onRefused(n: number, failure: AttemptFailure): void {
    this.#handle({ type: 'failed', n, failure });
  }

  onAttempt(attempt: Attempt): void {
    this.#attempts[attempt.spec.n - 1] = attempt;
  }

  /** The machine is not asked any more: what it had begun may be half done. */
  #breakDown(error: AtpError): void {
    if (this.#ended) return;
    this.#pending.length = 0;
    const { faults } = this.#env;
    for (const attempt of this.#attempts) {
      // The list has a hole where an attempt has not come to be.
      if (attempt === undefined || attempt.is_booked) continue;
      faults.safely(() => attempt.cancel());
      faults.safely(() => this.#close(attempt, 'error', error.code));
    }
    this.#dispatcher.withdrawAll();
    this.#fail(error, 'error');
  }

  #handle(event: CallEvent): void {
    if (this.#ended) return;
    this.#pending.push(...this.#machine.handle(event));
    if (this.#applying) return;
    this.#applying = true;
    for (let effect = this.#pending.shift(); effect !== undefined; effect = this.#pending.shift()) this.#apply(effect);
    this.#applying = false;
  }

  #apply(effect: CallEffect): void {
    switch (effect.type) {
      case 'dispatch':
        this.#dispatcher.dispatch(effect.n, effect.turn, effect.kind, effect.target);
        break;
      case 'cancel':
        this.#cancel(effect.n);
        break;
      case 'set_timer':
        this.#setTimer(effect.timer, effect.delay_ms);
        break;
      case 'clear_timer':
        this.#timers.cancel(effect.timer);
        break;
      case 'commit':
        this.#commit(effect.n);
        break;
      case 'turn_done':
        this.#handle({ type: 'finish' });
        break;
      case 'succeed':
        this.#succeed(effect.n);
        break;
      case 'fail':
        this.#fail(effect.error, effect.outcome);
    }
  }

  #setTimer(timer: 'retry' | 'hedge', delay_ms: number): void {
    this.#timers.set(timer, delay_ms, () => this.guard(() => this.#handle({ type: `${timer}_due` })));
  }

  #cancel(n: number): void {
    const attempt = this.#attempts[n - 1];
    this.#dispatcher.withdraw(n);
    if (attempt === undefined || attempt.is_over) return;
    attempt.cancel();
    this.#close(attempt, 'cancelled');
  }

  #commit(n: number): void {
    const attempt = this.#attempts[n - 1];
    if (attempt === undefined) return;
    if (!this.#begun) {
      this.#begun = true;
      this.call.sink.begin(this.#books.meta(attempt, this.#machine.attempts.length));
      const { preamble } = attempt.spec.codec;
      if (preamble !== undefined) this.onRelay(attempt, [preamble]);
    }
    attempt.commit();
  }

  #slowDown(attempt: Attempt): void {
    if (this.#client_slow) return;
    this.#client_slow = true;
    attempt.pause();
    this.call.sink.onDrain(() => {
      this.#client_slow = false;
      this.guard(() => attempt.resume());
    });
  }

  /** A stream outgrew its reservation and the budget is used up: it ends as the policy says. */
  onExhausted(attempt: Attempt, error: AtpError): void {
    if (attempt.is_over || attempt.is_complete) return;
    if (this.call.on_budget_exhausted === 'finish' && attempt.relay?.finishEarly !== undefined && attempt.committed) {
      this.#early_finish = true;
      attempt.cancel();
      this.#handle({ type: 'completed', n: attempt.spec.n });
    } else this.abort(error, 'error');
  }

  /** An attempt is over: money, place and health are booked. Journaled by itself unless the call ends with it. */
  #close(attempt: Attempt, outcome: CallOutcome, error?: string, failure?: UpstreamAttemptFailure): AttemptRecord {
    return closeAttempt(attempt, { outcome, error, failure }, this.call, this.#env, this.#books, this.#dispatcher);
  }

  #succeed(n: number): void {
    const attempt = this.#attempts[n - 1];
    if (attempt === undefined) return;
    const summary = stageSummary(this.#close(attempt, 'ok'), true);
    const meta = this.#books.meta(attempt, this.#machine.attempts.length);
    let last: Bytes[];
    try {
      last = attempt.lastBytes(this.#books.atp(attempt, meta), summary, this.#early_finish);
    } catch (thrown) {
      const error = toAtpError(thrown);
      this.#env.faults.note(thrown);
      this.#env.faults.safely(() => attempt.spec.codec.ended?.({ ...summary, outcome: 'error', error: error.code }));
      this.#fail(error, 'error');
      return;
    }
    for (const chunk of last) this.#books.sent(chunk);
    this.#finish('ok', undefined, meta, (error) => {
      const { sink } = this.call;
      if (error !== undefined) sink.fail(error, meta);
      else if (this.#begun) sink.end(last);
      else sink.answer(meta, last[0] ?? '');
    });
  }

  #fail(error: AtpError, outcome: 'error' | 'cancelled'): void {
    const meta = this.#books.meta(this.#attempts[this.#attempts.length - 1], this.#machine.attempts.length);
    // A client that went away is not there to be told, but one whose call an operator cancelled is.
    this.#finish(outcome, error, meta, () => this.call.sink.fail(error, meta));
  }

  #finish(
    outcome: CallOutcome,
    error: AtpError | undefined,
    meta: AnswerMeta,
    reply: (failed: AtpError | undefined) => void,
  ): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timers.cancelAll();
    const taken = outcome === 'ok' ? meta.model : undefined;
    const beside = (): readonly RouterEvent[] =>
      chosenEvents(this.call, this.#books, this.#env, { outcome, came: cameOf(this.#books.records), taken });
    this.#end.come(this, { outcome, error, opened: this.#intents.opened, streamed: this.#begun, meta, beside, reply });
  }

  #age_ms(): number {
    return this.#env.ambient.clock.mono_ms() - this.call.started_mono_ms;
  }
}
