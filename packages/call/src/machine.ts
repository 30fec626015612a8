import { assert, AtpError, type Rng, unreachable } from '@atp-router/kernel';
import { retryDelay_ms } from './backoff.ts';
import type { Attempt, AttemptFailure, CallEffect, CallEvent, CallPhase, CallPlan } from './types.ts';

/**
 * One call as a state machine: *call → turns → attempts*. Events in, effects out; it holds no clock, no socket and no
 * money. A retry, a fallback, a hedge (and later a consensus lane, a shadow, a dialled-in agent) are all attempts.
 *
 * Invariants, held by construction and tested as properties:
 * - at most one attempt is ever committed per turn, and after that no other is dispatched in the turn;
 * - `succeed` or `fail` is emitted exactly once, as the last effect, with no attempt left running;
 * - never more than `plan.max_attempts` dispatches in a turn;
 * - no dispatch to a target that has failed by a fault of its own and has not answered since.
 */
export class CallMachine {
  readonly #plan: CallPlan;
  readonly #rng: Rng;
  readonly #attempts: Attempt[] = [];
  #phase: CallPhase = { kind: 'idle' };
  #turn = 1;
  #turn_first = 0;
  #target = 0;
  /** Targets that failed by a fault of their own, without an answer since: the whole call leaves them alone. */
  readonly #dead: Set<number> = new Set();
  /** What an upstream did wrong last in this turn: that later nobody is left to ask is its consequence. */
  #cause: AtpError | undefined;
  /** Of the attempts that raced and failed, the one whose failure leaves most to try. */
  #best: { readonly attempt: Attempt; readonly failure: AttemptFailure } | undefined;

  constructor(plan: CallPlan, rng: Rng) {
    assert(plan.targets > 0, 'a plan has at least one target');
    assert(plan.max_attempts > 0, 'a plan allows at least one attempt');
    this.#plan = plan;
    this.#rng = rng;
  }

  get phase(): CallPhase {
    return this.#phase;
  }

  get turn(): number {
    return this.#turn;
  }

  get attempts(): readonly Attempt[] {
    return this.#attempts;
  }

  /** Applies one event. Events that come too late (of an attempt that is over, after the end) have no effect. */
  handle(event: CallEvent): readonly CallEffect[] {
    if (this.#phase.kind === 'ended') return [];
    switch (event.type) {
      case 'start':
        assert(this.#phase.kind === 'idle', 'a call starts once');
        return this.#dispatch('primary', this.#target);
      case 'first_byte':
        return this.#commit(event.n);
      case 'completed':
        return this.#complete(event.n);
      case 'failed':
        return this.#failed(event.n, event.failure);
      case 'retry_due':
        return this.#phase.kind === 'backing_off' ? this.#dispatch('retry', this.#target) : [];
      case 'hedge_due':
        return this.#hedge();
      case 'next_turn':
        return this.#nextTurn();
      case 'finish':
        return this.#finish();
      case 'abort':
        return this.#end(event.error, event.outcome, event.outcome === 'cancelled' ? 'client_gone' : 'aborted');
      default:
        return unreachable(event);
    }
  }

  #dispatch(kind: Attempt['kind'], target: number): CallEffect[] {
    const n = this.#attempts.length + 1;
    this.#attempts.push({ n, turn: this.#turn, kind, target, state: 'running' });
    this.#phase = { kind: 'racing' };
    const effects: CallEffect[] = [{ type: 'dispatch', n, turn: this.#turn, kind, target }];
    if (kind === 'primary' && this.#plan.hedge_after_ms !== undefined) {
      effects.push({ type: 'set_timer', timer: 'hedge', delay_ms: this.#plan.hedge_after_ms });
    }
    return effects;
  }

  #running(n: number): Attempt | undefined {
    const attempt = this.#attempts[n - 1];
    assert(attempt !== undefined, `attempt ${n} was never dispatched`);
    return attempt.state === 'running' ? attempt : undefined;
  }

  #commit(n: number): CallEffect[] {
    const attempt = this.#running(n);
    if (attempt === undefined || this.#phase.kind === 'relaying') return [];
    const effects: CallEffect[] = this.#cancelOthers(n, 'lost_race');
    this.#clearTimers(effects);
    this.#phase = { kind: 'relaying', n };
    effects.push({ type: 'commit', n });
    return effects;
  }

  #complete(n: number): CallEffect[] {
    const attempt = this.#running(n);
    if (attempt === undefined) return [];
    attempt.state = 'completed';
    this.#target = attempt.target;
    // A hedge at the same target may win where the first attempt failed.
    this.#dead.delete(attempt.target);
    const effects = this.#cancelOthers(n, 'lost_race');
    this.#clearTimers(effects);
    this.#phase = { kind: 'turn_done', n };
    effects.push({ type: 'turn_done', n });
    return effects;
  }

  /** The driver looked at the finished turn and wants another upstream turn (a tool has run, an answer is repaired). */
  #nextTurn(): CallEffect[] {
    assert(this.#phase.kind === 'turn_done', 'a new turn follows a finished one');
    if (this.#turn >= this.#plan.max_turns) {
      const error = new AtpError('policy_denied', `The call needs more than ${this.#plan.max_turns} upstream turns.`);
      return this.#end(error, 'error', 'aborted');
    }
    this.#turn += 1;
    this.#turn_first = this.#attempts.length;
    this.#best = undefined;
    this.#cause = undefined;
    return this.#dispatch('primary', this.#target);
  }

  #finish(): CallEffect[] {
    assert(this.#phase.kind === 'turn_done', 'only a finished turn can finish the call');
    const n = this.#phase.n;
    this.#phase = { kind: 'ended', outcome: 'ok' };
    return [{ type: 'succeed', n }];
  }

  #failed(n: number, failure: AttemptFailure): CallEffect[] {
    const attempt = this.#running(n);
    if (attempt === undefined) return [];
    attempt.state = 'failed';
    if (failure.scope === 'target') this.#dead.add(attempt.target);
    if (failure.error.origin === 'remote') this.#cause = failure.error;
    if (this.#phase.kind === 'relaying') return this.#end(failure.error, 'error', 'aborted');
    if (this.#best === undefined || HOPE[failure.scope] >= HOPE[this.#best.failure.scope]) {
      this.#best = { attempt, failure };
    }
    if (this.#attempts.some((a) => a.state === 'running')) return [];
    const best = this.#best;
    this.#best = undefined;
    return this.#recover(best.attempt, best.failure);
  }

  /** Nothing runs and nothing reached the client: try again, try elsewhere, or give up with the error of the race. */
  #recover(attempt: Attempt, failure: AttemptFailure): CallEffect[] {
    const used = this.#attempts.length - this.#turn_first;
    if (failure.scope === 'request' || used >= this.#plan.max_attempts) {
      return this.#giveUp(failure);
    }
    const next = this.#nextTarget();
    if (failure.scope === 'transient' && this.#mayTry(attempt.target)) {
      const delay_ms = retryDelay_ms(
        this.#triesOf(attempt.target),
        this.#plan.retry,
        failure.retry_after_ms,
        this.#rng,
      );
      // A provider that asks for a long pause is left for the next one, if there is one.
      if (delay_ms <= this.#plan.retry.cap_ms || next === undefined) {
        if (delay_ms > this.#plan.max_retry_wait_ms) return this.#giveUp(failure);
        const effects: CallEffect[] = [];
        this.#clearTimers(effects);
        this.#target = attempt.target;
        this.#phase = { kind: 'backing_off' };
        effects.push({ type: 'set_timer', timer: 'retry', delay_ms });
        return effects;
      }
    }
    if (next === undefined) return this.#giveUp(failure);
    this.#target = next;
    const effects: CallEffect[] = [];
    this.#clearTimers(effects);
    effects.push(...this.#dispatch('fallback', this.#target));
    return effects;
  }

  #giveUp({ error }: AttemptFailure): CallEffect[] {
    const is_nobody = error.code === 'no_models_available' && error.origin === 'local';
    return this.#end((is_nobody ? this.#cause : undefined) ?? error, 'error', 'aborted');
  }

  /** The next one down the chain that may still answer. */
  #nextTarget(): number | undefined {
    for (let target = this.#target + 1; target < this.#plan.targets; target += 1) {
      if (this.#mayTry(target)) return target;
    }
    return undefined;
  }

  #mayTry(target: number): boolean {
    return !this.#dead.has(target) && this.#triesOf(target) < this.#plan.max_attempts_per_target;
  }

  #triesOf(target: number): number {
    let tries = 0;
    for (let i = this.#turn_first; i < this.#attempts.length; i += 1) {
      if (this.#attempts[i]?.target === target) tries += 1;
    }
    return tries;
  }

  /** A second attempt at the next target (or the same, when there is no other) beside a slow first one. */
  #hedge(): CallEffect[] {
    const used = this.#attempts.length - this.#turn_first;
    if (this.#phase.kind !== 'racing' || used !== 1 || used >= this.#plan.max_attempts) return [];
    this.#target = this.#nextTarget() ?? this.#target;
    return this.#dispatch('hedge', this.#target);
  }

  #cancelOthers(winner: number, reason: 'lost_race' | 'client_gone' | 'aborted'): CallEffect[] {
    const effects: CallEffect[] = [];
    for (const attempt of this.#attempts) {
      if (attempt.state === 'running' && attempt.n !== winner) {
        attempt.state = 'cancelled';
        effects.push({ type: 'cancel', n: attempt.n, reason });
      }
    }
    return effects;
  }

  #clearTimers(effects: CallEffect[]): void {
    if (this.#phase.kind === 'backing_off') effects.push({ type: 'clear_timer', timer: 'retry' });
    if (this.#plan.hedge_after_ms !== undefined) effects.push({ type: 'clear_timer', timer: 'hedge' });
  }

  #end(error: AtpError, outcome: 'error' | 'cancelled', reason: 'client_gone' | 'aborted'): CallEffect[] {
    const effects = this.#cancelOthers(0, reason);
    this.#clearTimers(effects);
    this.#phase = { kind: 'ended', outcome };
    effects.push({ type: 'fail', error, outcome });
    return effects;
  }
}

/** How much a failure leaves to try: a hedge that was refused does not end a call whose first attempt may be repeated. */
const HOPE: Readonly<Record<AttemptFailure['scope'], number>> = { request: 0, target: 1, transient: 2 };
