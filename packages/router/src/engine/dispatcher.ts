import type { AttemptFailure, AttemptKind } from '@atp-router/call';
import type { Denial } from '@atp-router/flow';
import { type AtpError, isAtpError, toAtpError } from '@atp-router/kernel';
import type { AttemptRecord } from '@atp-router/ledger';
import type { Attempt } from './attempt.ts';
import { callerOf } from './caller.ts';
import type { Claim, ClaimOwner } from './claim.ts';
import { Claims } from './claims.ts';
import { denialError } from './denials.ts';
import type { AdmittedCall, EngineEnv } from './env.ts';
import { extendFunds } from './extension.ts';
import { healthOutcome, type UpstreamAttemptFailure } from './failures.ts';
import type { GateTicket } from './gate.ts';
import { type CallFunds, demandOf, type FundsDenial, isDenied } from './funds.ts';
import { Holdings } from './holdings.ts';
import { reservedPrice } from './hosted-tools.ts';
import type { Intents } from './intents.ts';
import { expectedOutTokens, outputCap } from './output-size.ts';
import { attemptOf, type DispatchOwner, type Pending } from './pending.ts';
import { circuitOpen, leaseOver, notBegun, overloaded, preempted, stoppedMeanwhile } from './refusals.ts';
import type { SharedRefusal } from './shared-hold.ts';
import { unusable } from './tool-caps.ts';
import { type StandIn, standInsFor } from './stand-in.ts';

/**
 * Brings an attempt from the machine's wish to the wire, in this order: breaker, funds and a place at the target together, funds
 * that are shared with other routers, the request in the target's shape, the intent in the journal, the send. Each step can
 * refuse, and some can wait.
 */
export class Dispatcher implements ClaimOwner {
  readonly #call: AdmittedCall;
  readonly #env: EngineEnv;
  readonly #funds: CallFunds;
  readonly #owner: DispatchOwner;
  readonly #claims: Claims;
  readonly #holdings: Holdings;
  readonly #intents: Intents;

  constructor(call: AdmittedCall, env: EngineEnv, funds: CallFunds, intents: Intents, owner: DispatchOwner) {
    this.#call = call;
    this.#env = env;
    this.#funds = funds;
    this.#intents = intents;
    this.#owner = owner;
    this.#holdings = new Holdings(env);
    this.#claims = new Claims(call, env, funds, this.#holdings, this);
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
    const waiting = this.#claims.leave(n);
    if (waiting !== undefined) this.#abandon(waiting.p);
  }

  /** The call broke down: nothing waits any more, and nothing stays taken. Never throws. */
  withdrawAll(): void {
    this.#claims.leaveAll();
    this.#holdings.leaveAll();
  }

  /** Takes more funds for a longer answer. Returns the error when the budget refuses. */
  extend(attempt: Attempt, out_tokens: number): AtpError | undefined {
    const error = extendFunds(attempt, out_tokens, this.#call, this.#env, this.#funds, (refusal) =>
      this.#owner.guard(() => this.#owner.onExhausted(attempt, refusal)),
    );
    const { n, price, in_tokens } = attempt.spec;
    if (error === undefined) this.#holdings.grow(n, demandOf(price, in_tokens, attempt.reserved_out_tokens));
    return error;
  }

  /** Books the end of an attempt: funds, place, health, and what was learnt. Goes through all of it, and never throws. */
  close(attempt: Attempt, record: AttemptRecord, failure: UpstreamAttemptFailure | undefined): void {
    const { ambient, calibrator, faults, log } = this.#env;
    const { n } = attempt.spec;
    const { usage, cost_usd_nanos: usd_nanos } = record;
    const used = { tokens: usage.in_tokens + usage.out_tokens, usd_nanos };
    faults.safely(() => this.#funds.end(n, used));
    // Also without a cost: a crash while the call goes on must not take this one for unfinished and charge it.
    const { head, lane } = this.#call;
    if ((record.outcome !== 'ok' || lane !== undefined) && this.#intents.opened) {
      const { call_id } = head;
      faults.safely(() => log.append({ type: 'attempt.ended', call_id, attempt: record }));
    }
    faults.safely(() => this.#env.windows.ended(attempt.spec.target, record));
    const unsettled = faults.safely(() => this.#holdings.leave(n, used));
    // Nothing may stay held.
    if (unsettled !== undefined) faults.safely(() => this.#holdings.leave(n, undefined));
    const ttfb_ms = record.ttfb_ms ?? record.latency_ms;
    faults.safely(() => this.#holdings.record(n, healthOutcome(record, failure), ttfb_ms));
    calibrator.learn(attempt, record, this.#call, ambient.clock.now_ms());
  }

  #try(p: Pending): void {
    // A call that waits to begin at all has nothing yet for a second attempt to be faster than.
    const barred = unusable(p.target, this.#call) ?? (this.#claims.waitForFunds ? notBegun(p.target) : undefined);
    if (barred !== undefined) {
      this.#refuse(p, barred);
      return;
    }
    const now_ms = this.#env.ambient.clock.now_ms();
    this.#ask(p, expectedOutTokens(p, this.#call, this.#env, this.#funds, now_ms));
  }

  #ask(p: Pending, out_tokens: number): void {
    const claim = this.#claims.make(p, out_tokens);
    const asked = this.#claims.ask(claim);
    if (isDenied(asked)) this.#deny(p, asked);
    else this.#answered(claim, asked);
  }

  /** What came of what it asked for, at once or after a wait. */
  #answered(claim: Claim, ticket: GateTicket): void {
    const { state } = ticket;
    if (state.kind === 'granted') this.#onGranted(claim, ticket);
    else if (state.kind === 'waiting') this.#claims.wait(claim, ticket);
    else if (state.kind === 'failed') this.#deny(claim.p, { kind: 'fault', thrown: state.thrown });
    else if ('denial' in state) this.#onDenied(claim.p, state.denial);
  }

  #onGranted(claim: Claim, ticket: GateTicket): void {
    const { p, demand } = claim;
    if (this.#funds.granted(p.n, demand, ticket)) this.#claims.shareFunds();
    if (!ticket.has_waited) this.#decided(p);
    this.#secure(claim, ticket);
  }

  /** Its wait is over. */
  onDecided(claim: Claim, ticket: GateTicket): void {
    if (this.#claims.leave(claim.p.n) !== undefined) this.#owner.guard(() => this.#answered(claim, ticket));
  }

  onPreempted({ p }: Claim, account: string): void {
    const { qos } = this.#call.head;
    this.#owner.abort(preempted(p.target, qos, this.#env.gate.wait_ms(account, qos)), 'error');
  }

  onLapsed(): void {
    this.#owner.abort(leaseOver(), 'error');
  }

  /** What this router may spend others see before the upstream does. */
  #secure(claim: Claim, ticket: GateTicket): void {
    const { p } = claim;
    if (!this.#funds.is_shared) {
      this.#prepare(claim);
      return;
    }
    this.#claims.wait(claim, ticket);
    this.#funds.secure((refusal) =>
      this.#owner.guard(() => {
        if (this.#claims.leave(p.n) === undefined) return;
        if (refusal === undefined) this.#prepare(claim);
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
    this.#holdings.leave(p.n, undefined);
    if (!p.stand_in && this.#degrade(p)) return;
    this.#deny(p, { kind: 'account', denial: refusal });
  }

  /** Calls that had to look an idempotency key up would measure the store. */
  #decided(p: Pending): void {
    if (p.n !== 1 || this.#call.idempotency !== undefined) return;
    const { ambient, decided, faults } = this.#env;
    const seconds = (ambient.clock.mono_ms() - this.#call.deciding_since_mono_ms) / 1_000;
    faults.safely(() => decided(seconds));
  }

  #onDenied(p: Pending, denial: Denial): void {
    if (!this.#funds.has(denial.account)) this.#refuse(p, overloaded(p.target, this.#retry_ms(denial)));
    else if (p.stand_in || !this.#degrade(p)) this.#deny(p, { kind: 'account', denial });
  }

  #deny(p: Pending, why: FundsDenial): void {
    this.#holdings.record(p.n, 'ignored', undefined);
    const retry_ms = why.kind === 'account' ? this.#retry_ms(why.denial) : undefined;
    const error = denialError(why, this.#call.head, { retry_ms });
    this.#env.faults.note(error);
    this.#owner.onRefused(p.n, { scope: 'request', error });
  }

  /** As the queue at the account moves. */
  #retry_ms({ account }: Denial): number | undefined {
    return this.#env.gate.wait_ms(account, this.#call.head.qos);
  }

  /** The cheapest target that fits takes the place of one that the call's accounts cannot afford now. */
  #degrade(p: Pending): boolean {
    if (this.#call.at_limit !== 'degrade') return false;
    for (const found of standInsFor(p, this.#call, this.#env, this.#funds)) if (this.#standIn(found)) return true;
    return false;
  }

  #standIn({ pending, out_tokens }: StandIn): boolean {
    const { n, permit, target } = pending;
    let is_taken = false;
    try {
      const claim = this.#claims.make(pending, out_tokens);
      const asked = this.#claims.ask(claim);
      is_taken = !isDenied(asked) && (asked.state.kind === 'granted' || asked.state.kind === 'waiting');
      if (!is_taken || isDenied(asked)) return false;
      this.#holdings.record(n, 'ignored', undefined);
      this.#holdings.permitted(pending);
      this.#answered(claim, asked);
      return true;
    } finally {
      if (!is_taken)
        this.#env.health.record(target.model, permit, 'ignored', undefined, this.#env.ambient.clock.mono_ms());
    }
  }

  /** It never gets to its upstream: give back what it holds. */
  #abandon(p: Pending): void {
    this.#funds.end(p.n, { tokens: 0, usd_nanos: 0 });
    this.#holdings.leave(p.n, undefined);
    this.#holdings.record(p.n, 'ignored', undefined);
  }

  #refuse(p: Pending, failure: AttemptFailure): void {
    this.#abandon(p);
    this.#owner.onRefused(p.n, failure);
  }

  #prepare({ p, out_tokens, tier }: Claim): void {
    const { ambient } = this.#env;
    const stopped = stoppedMeanwhile(this.#env, this.#call, p.target, this.#intents.opened);
    if (stopped !== undefined) {
      this.#refuse(p, stopped);
      return;
    }
    const { over } = this.#funds;
    if (over !== undefined) {
      this.#refuse(p, { scope: 'request', error: denialError(over, this.#call.head) });
      return;
    }
    let attempt: Attempt;
    try {
      const codec = this.#call.prepare(p, outputCap(p, this.#call, this.#funds, ambient.clock.now_ms()));
      const caller = callerOf(p, tier, this.#call, this.#funds, out_tokens, ambient.clock);
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
    const { usd_nanos } = demandOf(p.price, p.in_tokens, out_tokens);
    this.#intents.promise(attempt, usd_nanos, (error) => this.#owner.guard(() => this.#onPromised(attempt, error)));
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
