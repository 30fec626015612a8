import { type ConcurrencyLimit, Limiter, ReservationQueue } from '@atp-router/flow';
import { AtpError, type Timer, untilNextUtcDay_ms } from '@atp-router/kernel';
import type { KillScope } from '@atp-router/ledger';
import type { Generation } from '../generation/generation.ts';
import { admit, stoppedBy } from './admit.ts';
import { Calibrator } from './calibrator.ts';
import { CallRun } from './call-run.ts';
import { claimWithin } from './claim-within.ts';
import type { AdmittedCall, EngineEnv, RunningCall } from './env.ts';
import type { StoredOutcome } from './outcome-store.ts';
import type { EngineParts } from './parts.ts';
import { deadlineExceeded } from './refusals.ts';
import { type CallRequest, left_ms } from './request.ts';

/** Runs calls: admission, attempts, money, the end. One per process; knows no protocol. */
export class Engine {
  readonly parts: EngineParts;
  readonly limiter: Limiter<() => void>;
  readonly #env: EngineEnv;
  readonly #running: Set<RunningCall> = new Set();
  readonly #reservations: ReservationQueue<() => void>;
  #generation: Generation;
  #draining = false;
  #idle: (() => void)[] = [];
  #sweep: { readonly due_ms: number; readonly timer: Timer } | undefined;

  constructor(parts: EngineParts, generation: Generation) {
    this.parts = parts;
    this.#generation = generation;
    this.limiter = new Limiter<() => void>();
    this.#reservations = new ReservationQueue<() => void>(parts.accounts);
    this.#env = {
      ambient: parts.ambient,
      log: parts.log,
      accounts: parts.accounts,
      shared: parts.shared,
      reservations: this.#reservations,
      limiter: this.limiter,
      health: parts.health,
      kills: parts.kills,
      estimator: parts.estimator,
      outcomes: parts.idempotency,
      calibrator: new Calibrator(parts),
      wake: (tenant) => this.#wake(tenant),
      onEnded: (call) => this.#onEnded(call),
      sweep: () => this.#armSweep(),
      decided: parts.decided,
    };
  }

  get generation(): Generation {
    return this.#generation;
  }

  get in_flight(): number {
    return this.#running.size;
  }

  get is_draining(): boolean {
    return this.#draining;
  }

  /** Calls that run keep the generation they started with; new ones take this. Its limits may have room for who waits. */
  useGeneration(generation: Generation): void {
    this.#generation = generation;
    this.#wakeAll();
  }

  /** Changes how many attempts a target may have in flight and waiting; starts whoever fits now. */
  setConcurrency(target_key: string, limit: ConcurrencyLimit): void {
    for (const ticket of this.limiter.setLimit(target_key, limit)) ticket.owner();
  }

  /** Admits and starts a call. Every outcome, also a refusal, goes to the request's sink. */
  submit(request: CallRequest): void {
    const refusal = this.#refusal(request);
    if (refusal !== undefined) this.#refuse(request, refusal);
    else if (request.options.idempotency_key !== undefined) this.#submitOnce(request, request.options.idempotency_key);
    else this.#start(request, undefined);
  }

  /** Ends every running call that a kill switch covers. Returns how many. */
  kill(scope: KillScope, id: string, reason: string): number {
    let stopped = 0;
    for (const run of [...this.#running]) {
      if (!covers(run, scope, id)) continue;
      stopped += 1;
      run.abort(
        new AtpError('policy_denied', `The call was stopped by the kill switch of ${scope} "${id}": ${reason}.`),
        'error',
      );
    }
    return stopped;
  }

  /** Takes no new calls and waits until the running ones have ended. */
  drain(): Promise<void> {
    this.#draining = true;
    if (this.#running.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Ends what is left of a drain that took too long. */
  abortAll(error: AtpError): void {
    for (const run of [...this.#running]) run.abort(error, 'error');
  }

  calls(): Iterable<RunningCall> {
    return this.#running;
  }

  #refusal(request: CallRequest): AtpError | undefined {
    if (this.#draining)
      return new AtpError('draining', 'The router is shutting down. Retry elsewhere or later.', {
        retry_after_ms: 1_000,
      });
    if (this.#running.size >= this.#generation.limits.calls_in_flight) {
      return new AtpError('backpressure', 'The router has as many calls in flight as it may have. Retry shortly.', {
        retry_after_ms: 1_000,
      });
    }
    const rest_ms = left_ms(request, this.parts.ambient.clock.mono_ms());
    if (rest_ms !== undefined && rest_ms <= 0) return deadlineExceeded(request.options.deadline_ms);
    return undefined;
  }

  #submitOnce(request: CallRequest, key: string): void {
    // Who is switched off gets no earlier outcome either.
    const stopped = stoppedBy(request, this.parts);
    if (stopped !== undefined) {
      this.#refuse(request, stopped);
      return;
    }
    const settings = this.#generation.idempotency;
    const ref = {
      scope_hash: this.parts.hash(`${request.tenant}\n${request.endpoint}\n${key}`),
      body_hash: request.bodyHash(),
    };
    const expires_ms = request.started_ms + settings.ttl_ms;
    claimWithin(request, ref, expires_ms, this.parts.idempotency, this.parts.ambient, (claim) => {
      if (claim.kind === 'refused') this.#refuse(request, claim.error);
      else if (claim.kind === 'replay') this.#replay(request, claim.call_id, claim.outcome);
      else this.#startOnce(request, { ...ref, expires_ms, max_body_bytes: settings.max_body_bytes });
    });
  }

  /** Finding out about the key may have taken long: the router may be full by now, or on its way out. */
  #startOnce(request: CallRequest, idempotency: NonNullable<AdmittedCall['idempotency']>): void {
    const refusal = this.#refusal(request);
    if (refusal === undefined) {
      this.#start(request, idempotency);
      return;
    }
    this.parts.idempotency.release(idempotency);
    this.#refuse(request, refusal);
  }

  #start(request: CallRequest, idempotency: AdmittedCall['idempotency']): void {
    const admitted = admit(request, this.#generation, this.parts, idempotency);
    if (admitted instanceof AtpError) {
      if (idempotency !== undefined) this.parts.idempotency.release(idempotency);
      this.#refuse(request, admitted);
      return;
    }
    const run = new CallRun(admitted, this.#env);
    this.#running.add(run);
    run.start();
  }

  #refuse(request: CallRequest, error: AtpError): void {
    const { tenant, key_id, endpoint } = request;
    this.parts.log.append({ type: 'call.refused', tenant, key_id, endpoint, error: error.code });
    request.sink.fail(error, { call_id: request.call_id, tenant });
  }

  #replay(request: CallRequest, call_id: string, outcome: StoredOutcome): void {
    const { tenant, key_id, endpoint } = request;
    // The switch may have been thrown while the repeat waited.
    const stopped = stoppedBy(request, this.parts);
    if (stopped !== undefined) {
      this.#refuse(request, stopped);
      return;
    }
    this.parts.log.append({ type: 'call.replayed', tenant, key_id, endpoint, call_id });
    replay(request, call_id, outcome);
  }

  #onEnded(run: RunningCall): void {
    this.#running.delete(run);
    if (this.#running.size > 0) return;
    // Nobody is left who could wait for anything.
    this.#sweep?.timer.cancel();
    this.#sweep = undefined;
    if (this.#idle.length === 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  #wake(tenant: string): void {
    const account = `tenant:${tenant}`;
    if (this.#reservations.waiting(account) === 0) return;
    for (const ticket of this.#reservations.wake(this.parts.ambient.clock.now_ms(), account)) ticket.owner();
  }

  #wakeAll(): void {
    for (const ticket of this.#reservations.wake(this.parts.ambient.clock.now_ms())) ticket.owner();
  }

  /** One timer for everything that waits with a deadline: armed only while somebody waits, for whoever is due first. */
  #armSweep(): void {
    const { clock, timers } = this.parts.ambient;
    const due_ms = this.#nextSweep_ms();
    if (due_ms === Infinity || (this.#sweep !== undefined && this.#sweep.due_ms <= due_ms)) return;
    this.#sweep?.timer.cancel();
    const timer = timers.after(Math.max(1, due_ms - clock.mono_ms()), () => {
      this.#sweep = undefined;
      const now = clock.mono_ms();
      for (const ticket of this.limiter.expire(now)) ticket.owner();
      for (const ticket of this.#reservations.expire(now)) ticket.owner();
      this.#wakeAll();
      this.#armSweep();
    });
    this.#sweep = { due_ms, timer };
  }

  /**
   * The first deadline, or the midnight that renews the budgets that somebody waits for. Midnight is the wall clock's,
   * which is asked anew each time, since it may jump; deadlines do not jump with it.
   */
  #nextSweep_ms(): number {
    const { clock } = this.parts.ambient;
    const place_ms = this.limiter.nextDeadline_ms() ?? Infinity;
    const funds_ms = this.#reservations.nextDeadline_mono_ms();
    if (funds_ms === undefined) return place_ms;
    return Math.min(place_ms, funds_ms, clock.mono_ms() + untilNextUtcDay_ms(clock.now_ms()));
  }
}

function replay(request: CallRequest, call_id: string, outcome: StoredOutcome): void {
  const meta = {
    call_id,
    tenant: request.tenant,
    model: outcome.model,
    cost_usd_micros: outcome.cost_usd_micros,
    attempts: outcome.attempts,
    simulated: outcome.simulated,
    replayed: true,
  };
  if (!outcome.stream) {
    request.sink.answer(meta, outcome.body);
    return;
  }
  request.sink.begin(meta);
  request.sink.end([outcome.body]);
}

function covers(run: RunningCall, scope: KillScope, id: string): boolean {
  const { head } = run.call;
  if (scope === 'tenant') return head.tenant === id;
  if (scope === 'key') return `${head.tenant}/${head.key_id}` === id;
  return run.attempts.some(
    ({ is_over, spec }) => !is_over && (scope === 'model' ? spec.target.model.id : spec.target.provider.id) === id,
  );
}
