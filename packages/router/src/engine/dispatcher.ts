import type { AttemptFailure, AttemptKind } from '@atp-router/call';
import { type AtpError, isAtpError, toAtpError } from '@atp-router/kernel';
import type { AttemptRecord } from '@atp-router/ledger';
import type { Attempt } from './attempt.ts';
import { refOf } from './call-books.ts';
import { callerOf } from './caller.ts';
import type { AdmittedCall, EngineEnv } from './env.ts';
import { extendFunds } from './extension.ts';
import { healthOutcome, type UpstreamAttemptFailure } from './failures.ts';
import { denialError } from './denials.ts';
import { type CallFunds, demandOf, type HoldResult } from './funds.ts';
import { Holdings } from './holdings.ts';
import { reservedPrice } from './hosted-tools.ts';
import { expectedOutTokens, outputCap } from './output-size.ts';
import { attemptOf, type DispatchOwner, type Pending } from './pending.ts';
import { intentOf, openedEvent } from './records.ts';
import { circuitOpen, notBegun, overloaded, stoppedMeanwhile, unpriced } from './refusals.ts';
import type { SharedRefusal } from './shared-hold.ts';
import { standInFor } from './stand-in.ts';

/**
 * Brings an attempt from the machine's wish to the wire, in this order: breaker, funds (this router's, then those shared
 * with others), a place at the target, the request in the target's shape, the intent in the journal, the send. Each step
 * can refuse, and some can wait.
 */
export class Dispatcher {
  readonly #call: AdmittedCall;
  readonly #env: EngineEnv;
  readonly #funds: CallFunds;
  readonly #owner: DispatchOwner;
  /** Attempts that wait for funds or for a place, by their number. */
  #waiting: Map<number, Pending> | undefined;
  readonly #holdings: Holdings;
  #opened = false;

  constructor(call: AdmittedCall, env: EngineEnv, funds: CallFunds, owner: DispatchOwner) {
    this.#call = call;
    this.#env = env;
    this.#funds = funds;
    this.#owner = owner;
    this.#holdings = new Holdings(env);
  }

  /** True once an intent is in the journal: the call then owes it an end. */
  get opened(): boolean {
    return this.#opened;
  }

  dispatch(n: number, turn: number, kind: AttemptKind, index: number): void {
    const target = this.#call.targets[index];
    if (target === undefined) return;
    const started_mono_ms = this.#env.ambient.clock.mono_ms();
    const in_tokens = this.#env.estimator.inTokens(target.model.id, this.#call.prompt);
    const permit = this.#env.health.allow(target.model, started_mono_ms);
    if (permit.kind === 'denied') {
      this.#owner.onRefused(n, circuitOpen(target, permit.retry_after_ms));
      return;
    }
    const price = reservedPrice(target, this.#call);
    const p: Pending = { n, turn, kind, target, permit, in_tokens, price, started_mono_ms, stand_in: false };
    this.#holdings.permitted(p);
    this.#try(p);
  }

  /** The machine gave the attempt up while it may still wait for funds or a place: it gives back what it has. */
  withdraw(n: number): void {
    const waiting = this.#waiting?.get(n);
    if (waiting === undefined || !this.#goesOn(n)) return;
    if (!this.#holdings.hasPlace(n)) this.#funds.cancelWait();
    this.#abandon(waiting);
  }

  /** The call broke down: nothing waits any more, and nothing stays taken. Never throws. */
  withdrawAll(): void {
    this.#waiting = undefined;
    this.#holdings.leaveAll();
  }

  /** Takes more funds for a longer answer. Returns the error when the budget refuses. */
  extend(attempt: Attempt, out_tokens: number): AtpError | undefined {
    return extendFunds(attempt, out_tokens, this.#call, this.#env, this.#funds, (error) =>
      this.#owner.guard(() => this.#owner.onExhausted(attempt, error)),
    );
  }

  /** Books the end of an attempt: funds, place, health, and what was learnt. Goes through all of it, and never throws. */
  close(attempt: Attempt, record: AttemptRecord, failure: UpstreamAttemptFailure | undefined): void {
    const { ambient, calibrator, faults, log } = this.#env;
    const { n } = attempt.spec;
    const { usage, cost_usd_nanos: usd_nanos } = record;
    faults.safely(() => this.#funds.end(n, { tokens: usage.in_tokens + usage.out_tokens, usd_nanos }));
    // Also without a cost: a crash during the next attempt must not take this one for unfinished and charge it.
    if (record.outcome !== 'ok' && this.#opened) {
      const { call_id } = this.#call.head;
      faults.safely(() => log.append({ type: 'attempt.ended', call_id, attempt: record }));
    }
    faults.safely(() => this.#holdings.leave(n));
    const ttfb_ms = record.ttfb_ms ?? record.latency_ms;
    faults.safely(() => this.#holdings.record(n, healthOutcome(record, failure), ttfb_ms));
    calibrator.learn(attempt, record, this.#call, ambient.clock.now_ms());
  }

  #try(p: Pending): void {
    const now_ms = this.#env.ambient.clock.now_ms();
    if (this.#call.needs_price && p.target.model.price === undefined) {
      this.#refuse(p, unpriced(p.target));
      return;
    }
    // The call waits to begin at all: there is nothing yet for a second attempt to be faster than.
    if (this.#funds.is_waiting) {
      this.#refuse(p, notBegun(p.target));
      return;
    }
    const out_tokens = expectedOutTokens(p, this.#call, this.#env.estimator, this.#funds, now_ms);
    if (this.#call.at_limit === 'wait' && this.#funds.is_behind_others) {
      this.#wait(p, out_tokens, now_ms);
      return;
    }
    const result = this.#funds.hold(p.n, demandOf(p.price, p.in_tokens, out_tokens), now_ms);
    if (result.ok) {
      this.#decided(p);
      this.#secure(p, out_tokens);
    } else this.#onDenied(p, out_tokens, result, now_ms);
  }

  /** What this router may spend others see before the upstream does. */
  #secure(p: Pending, out_tokens: number): void {
    if (!this.#funds.is_shared) {
      this.#queue(p, out_tokens);
      return;
    }
    this.#waits(p);
    this.#funds.secure((refusal) =>
      this.#owner.guard(() => {
        if (!this.#goesOn(p.n)) return;
        if (refusal === undefined) this.#queue(p, out_tokens);
        else this.#onShortage(p, refusal);
      }),
    );
  }

  #onShortage(p: Pending, refusal: SharedRefusal): void {
    if (isAtpError(refusal)) {
      this.#refuse(p, { scope: 'request', error: refusal });
      return;
    }
    this.#funds.end(p.n, { tokens: 0, usd_nanos: 0 });
    if (this.#call.at_limit === 'degrade' && !p.stand_in && this.#degrade(p, this.#env.ambient.clock.now_ms())) return;
    this.#deny(p, { ok: false, why: { kind: 'account', denial: refusal } });
  }

  /** Calls that had to look an idempotency key up would measure the store. */
  #decided(p: Pending): void {
    if (p.n !== 1 || this.#call.idempotency !== undefined) return;
    const { ambient, decided, faults } = this.#env;
    const seconds = (ambient.clock.mono_ms() - this.#call.deciding_since_mono_ms) / 1_000;
    faults.safely(() => decided(seconds));
  }

  #onDenied(p: Pending, out_tokens: number, result: HoldResult & { ok: false }, now_ms: number): void {
    const denial = result.why.kind === 'account' ? result.why.denial : undefined;
    if (denial !== undefined && this.#call.at_limit === 'degrade' && this.#degrade(p, now_ms)) return;
    const may_wait = this.#call.at_limit === 'wait' && !this.#funds.is_open;
    if (may_wait && denial?.waitable === true) this.#wait(p, out_tokens, now_ms);
    else this.#deny(p, result);
  }

  #wait(p: Pending, out_tokens: number, now_ms: number): void {
    const { head, wait_ms } = this.#call;
    this.#waits(p);
    const until_mono_ms = this.#env.ambient.clock.mono_ms() + wait_ms;
    this.#funds.waitFor(p.n, demandOf(p.price, p.in_tokens, out_tokens), head.qos, now_ms, until_mono_ms, (result) =>
      this.#owner.guard(() => {
        if (!this.#goesOn(p.n)) return;
        if (result.ok) this.#secure(p, out_tokens);
        else this.#deny(p, result);
      }),
    );
    this.#env.sweep();
  }

  #deny(p: Pending, result: HoldResult & { ok: false }): void {
    this.#holdings.record(p.n, 'ignored', undefined);
    const error = denialError(result.why, this.#call.head.tenant);
    this.#env.faults.note(error);
    this.#owner.onRefused(p.n, { scope: 'request', error });
  }

  #degrade(p: Pending, now_ms: number): boolean {
    const found = standInFor(p, this.#call, this.#env, this.#funds, now_ms);
    if (found === undefined) return false;
    this.#holdings.record(p.n, 'ignored', undefined);
    this.#holdings.permitted(found.pending);
    this.#secure(found.pending, found.out_tokens);
    return true;
  }

  /** A place at the model, then one at its provider, within one wait: who waits for a model keeps nobody from others. */
  #queue(p: Pending, out_tokens: number): void {
    const { provider, key } = p.target;
    const until_mono_ms = this.#env.ambient.clock.mono_ms() + provider.queue_timeout_ms;
    this.#take(p, key, until_mono_ms, () =>
      this.#take(p, provider.id, until_mono_ms, () => this.#prepare(p, out_tokens)),
    );
  }

  #take(p: Pending, key: string, until_mono_ms: number, onPlace: () => void): void {
    const { limiter, ambient } = this.#env;
    const proceed = (): void => {
      if (ticket.state === 'granted') onPlace();
      else this.#refuse(p, overloaded(p.target));
    };
    const later = (): void => {
      if (this.#goesOn(p.n)) this.#owner.guard(proceed);
    };
    const { qos } = this.#call.head;
    const now_ms = ambient.clock.mono_ms();
    const ticket = limiter.acquire(key, qos, now_ms, until_mono_ms - now_ms, later);
    this.#holdings.placed(p.n, ticket);
    if (ticket.state === 'queued') {
      this.#waits(p);
      this.#env.sweep();
    } else proceed();
  }

  #waits(p: Pending): void {
    this.#waiting ??= new Map();
    this.#waiting.set(p.n, p);
  }

  /** Its wait is over. False when it was withdrawn before: then it has given everything back already. */
  #goesOn(n: number): boolean {
    return this.#waiting?.delete(n) === true;
  }

  /** It never gets to its upstream: give back what it holds. */
  #abandon(p: Pending): void {
    this.#funds.end(p.n, { tokens: 0, usd_nanos: 0 });
    this.#holdings.leave(p.n);
    this.#holdings.record(p.n, 'ignored', undefined);
  }

  #refuse(p: Pending, failure: AttemptFailure): void {
    this.#abandon(p);
    this.#owner.onRefused(p.n, failure);
  }

  #prepare(p: Pending, out_tokens: number): void {
    const { ambient } = this.#env;
    const stopped = stoppedMeanwhile(this.#env, this.#call, p.target, this.#opened);
    if (stopped !== undefined) {
      this.#refuse(p, stopped);
      return;
    }
    let attempt: Attempt;
    try {
      const codec = this.#call.prepare(p, outputCap(p, this.#call, this.#funds, ambient.clock.now_ms()));
      const caller = callerOf(p, this.#call, this.#funds, out_tokens, ambient.clock);
      attempt = attemptOf(p, codec, this.#call, caller, this.#owner, ambient.clock);
    } catch (error) {
      const refusal = toAtpError(error);
      this.#env.faults.note(error);
      // Another target may have a shape that can say it; a bad request or a stage's refusal stays what it is.
      this.#refuse(p, { scope: refusal.code === 'untranslatable' ? 'target' : 'request', error: refusal });
      return;
    }
    attempt.reserved_out_tokens = out_tokens;
    this.#owner.onAttempt(attempt);
    this.#promise(attempt, demandOf(p.price, p.in_tokens, out_tokens).usd_nanos);
  }

  /** The intent is on its way to the disk before the upstream sees a byte. */
  #promise(attempt: Attempt, reserved_usd_nanos: number): void {
    const { log } = this.#env;
    const { head, idempotency } = this.#call;
    const intent = intentOf(attempt, reserved_usd_nanos);
    if (this.#opened) log.append({ type: 'attempt.started', call_id: head.call_id, attempt: intent });
    else {
      const budget_day = this.#funds.budgetDay(head.started_ms);
      log.append(openedEvent(head, budget_day, idempotency && refOf(idempotency), intent));
      this.#opened = true;
    }
    log.barrier((error) => this.#owner.guard(() => this.#onPromised(attempt, error)));
  }

  #onPromised(attempt: Attempt, error: AtpError | undefined): void {
    if (attempt.is_over) return;
    if (error === undefined) {
      attempt.send();
      return;
    }
    attempt.cancel();
    this.#owner.onFailed(attempt, { scope: 'request', counts_for_breaker: false, error });
  }
}
