import { AtpError, toAtpError } from '@atp-router/kernel';
import type { KillScope } from '@atp-router/ledger';
import type { FanoutRun } from '../fanout/fanout-run.ts';
import { fanoutRun } from '../fanout/open-fanout.ts';
import type { Generation } from '../generation/generation.ts';
import type { Trials } from '../lifecycle/shadow/trials.ts';
import type { CacheDesk } from '../cache/cache-desk.ts';
import { admit, stoppedBy } from './admit.ts';
import type { Attempt } from './attempt.ts';
import { Calibrator } from './calibrator.ts';
import { CallRun } from './call-run.ts';
import { Ceilings } from './ceilings.ts';
import type { AdmittedCall, EngineEnv, RunningCall } from './env.ts';
import { Faults } from './faults.ts';
import { FlowGate } from './flow-gate.ts';
import type { Gate } from './gate.ts';
import type { Claim } from './idempotency.ts';
import { KeyWaits } from './key-waits.ts';
import type { StoredOutcome } from './outcome-store.ts';
import type { EngineParts } from './parts.ts';
import { deadlineExceeded, tenantGone } from './refusals.ts';
import { replay } from './replay.ts';
import { Penalties } from './penalties.ts';
import { RunList } from './run-list.ts';
import { TargetWindows } from './target-windows.ts';
import { Starts } from './starts.ts';
import { type CallRequest, left_ms } from './request.ts';

/**
 * Runs calls: admission, attempts, money, the end. One per process; knows no protocol.
 *
 * Invariant: whatever throws on a request's way (a stage, a codec, an account, the journal, whoever watches), the request
 * ends exactly once, what it held is settled or released, its client gets an error or its connection is cut, nobody else
 * notices, and `drain` resolves. What was thrown goes to `parts.onFault`.
 */
export class Engine {
  readonly parts: EngineParts;
  readonly gate: Gate;
  readonly windows: TargetWindows;
  /** What allows accounts less than their limits for now. */
  readonly ceilings: Ceilings;
  readonly penalties: Penalties;
  readonly #env: EngineEnv;
  readonly #running: RunList<RunningCall> = new RunList();
  readonly #waits: KeyWaits;
  #generation: Generation;
  /** Answers that may be given again. Undefined: none are kept. */
  cache: CacheDesk | undefined;
  #trials: Pick<Trials, 'watch'> | undefined;
  #draining = false;
  #idle: (() => void)[] = [];

  constructor(parts: EngineParts, generation: Generation) {
    this.parts = parts;
    this.#generation = generation;
    const faults = new Faults(parts.onFault);
    const starts = new Starts(faults);
    this.gate = parts.gate?.(starts) ?? new FlowGate(parts.accounts, parts.ambient, starts, parts.watch);
    this.ceilings = new Ceilings(parts.accounts, (account) => this.gate.wake(account), parts.relay?.ceiling);
    this.windows = new TargetWindows(parts, this.gate, this.ceilings);
    this.penalties = new Penalties(parts.estimator, parts.accounts, this.ceilings);
    this.#waits = new KeyWaits(parts.idempotency, parts.ambient, faults);
    this.#env = {
      ambient: parts.ambient,
      log: parts.log,
      accounts: parts.accounts,
      shared: parts.shared,
      gate: this.gate,
      windows: this.windows,
      penalties: this.penalties,
      hasTenant: (id) => this.#generation.tenants.has(id),
      health: parts.health,
      kills: parts.kills,
      estimator: parts.estimator,
      outcomes: parts.idempotency,
      calibrator: new Calibrator(parts, faults, this.penalties),
      onEnded: (call) => this.#onEnded(call),
      decided: parts.decided,
      reconciler: parts.reconciler,
      answers: parts.answers,
      intensity: parts.intensity,
      faults,
    };
  }

  /** Asks shadow models what clients ask, by calls of this engine. Until then none are asked. */
  attach(trials: Pick<Trials, 'watch'>): void {
    this.#trials = trials;
  }

  get generation(): Generation {
    return this.#generation;
  }

  /** Calls that run, and requests that wait for what becomes of their idempotency key. */
  get in_flight(): number {
    return this.#running.size + this.#waits.size;
  }

  get is_draining(): boolean {
    return this.#draining;
  }

  /** Calls that run keep the generation they started with; new ones take this. Its limits may have room for who waits. */
  useGeneration(generation: Generation): void {
    this.#generation = generation;
    this.cache?.refresh(generation);
    for (const run of [...this.#running]) {
      const { tenant } = run.call.head;
      // What waits has not begun; what has begun goes on under its own generation.
      if (run.attempts.length === 0 && !generation.tenants.has(tenant)) run.abort(tenantGone(tenant), 'error');
    }
    this.#env.faults.safely(() => this.gate.wake());
  }

  /** Admits and starts a call. Every outcome, also a refusal, goes to the request's sink; never throws. */
  submit(request: CallRequest): void {
    this.#guard(request, () => {
      const refusal = this.#refusal(request);
      const key = request.options.idempotency_key;
      if (refusal !== undefined) this.#refuse(request, refusal);
      else if (key !== undefined) this.#submitOnce(request, key);
      else this.#start(request, undefined);
    });
  }

  /** Ends every running call that a kill switch covers. Returns how many. */
  kill(scope: KillScope, id: string, reason: string): number {
    let stopped = 0;
    for (const run of [...this.#running]) {
      if (!covers(run, scope, id)) continue;
      stopped += 1;
      const error = new AtpError(
        'policy_denied',
        `The call was stopped by the kill switch of ${scope} "${id}": ${reason}.`,
      );
      // Of several agents that are asked at once, those go on that are not switched off.
      if (run.abortLanes === undefined || scope === 'tenant' || scope === 'key') run.abort(error, 'error');
      else run.abortLanes((attempt) => isOf(attempt, scope, id), error);
    }
    return stopped;
  }

  /** Takes no new calls and waits until the running ones have ended. */
  drain(): Promise<void> {
    this.#draining = true;
    if (this.in_flight === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Ends what is left of a drain that took too long. */
  abortAll(error: AtpError): void {
    this.#waits.abortAll(error);
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
    // What cannot be recorded must not begin: the journal's memory is for the ends of calls that run.
    const { failure } = this.parts.log;
    if (failure !== undefined) return failure;
    if (this.in_flight >= this.#generation.limits.calls_in_flight) {
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
    const idempotency = { ...ref, expires_ms, ttl_ms: settings.ttl_ms, max_body_bytes: settings.max_body_bytes };
    const done = (claim: Claim): void => this.#guard(request, () => this.#onClaim(request, claim, idempotency));
    this.#waits.wait(request, ref, expires_ms, done, () => this.#checkIdle());
  }

  #onClaim(request: CallRequest, claim: Claim, idempotency: Idempotency): void {
    if (claim.kind === 'refused') this.#refuse(request, claim.error);
    else if (claim.kind === 'replay') this.#replay(request, claim.call_id, claim.outcome);
    else {
      // Finding out about the key may have taken long: the router may be full by now, or on its way out.
      const refusal = this.#refusal(request);
      if (refusal === undefined) this.#start(request, idempotency);
      else this.#giveBack(request, idempotency, refusal);
    }
  }

  #start(request: CallRequest, idempotency: Idempotency | undefined): void {
    const run = this.#admit(request, idempotency);
    if (run === ANSWERED) return;
    if (run instanceof AtpError) {
      this.#giveBack(request, idempotency, run);
      return;
    }
    this.#running.add(run);
    run.start();
  }

  #admit(request: CallRequest, idempotency: Idempotency | undefined): CallRun | FanoutRun | AtpError | typeof ANSWERED {
    try {
      const watched = this.#trials?.watch(request, this.#generation);
      const asked = watched?.request ?? request;
      const looked = this.cache?.look(asked, this.#generation, this.parts);
      const admitted = admit(looked?.request ?? asked, this.#generation, this.parts, idempotency);
      if (admitted instanceof AtpError) return admitted;
      if (looked?.answers(admitted) === true) return ANSWERED;
      watched?.decide(admitted);
      return admitted.fanout === undefined ? new CallRun(admitted, this.#env) : fanoutRun(admitted, this.#env);
    } catch (thrown) {
      this.#env.faults.report(thrown);
      return toAtpError(thrown);
    }
  }

  #giveBack(request: CallRequest, idempotency: Idempotency | undefined, error: AtpError): void {
    if (idempotency !== undefined) this.#env.faults.safely(() => this.parts.idempotency.release(idempotency));
    this.#refuse(request, error);
  }

  /** Before a call runs; from then on it guards itself. */
  #guard(request: CallRequest, run: () => void): void {
    const fault = this.#env.faults.safely(run);
    if (fault !== undefined) this.#refuse(request, toAtpError(fault.thrown));
  }

  #refuse(request: CallRequest, error: AtpError): void {
    const { call_id, tenant, key_id, endpoint, sink } = request;
    const { faults, log } = this.#env;
    faults.safely(() => log.append({ type: 'call.refused', tenant, key_id, endpoint, error: error.code }));
    const untold = faults.safely(() => sink.fail(error, { call_id, tenant }));
    if (untold !== undefined) faults.safely(() => sink.cut());
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
    this.#checkIdle();
  }

  #checkIdle(): void {
    if (this.in_flight > 0) return;
    // Nobody is left who could wait for anything.
    this.gate.rest();
    this.windows.rest();
    if (this.#idle.length === 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }
}

/** From what was said before: no call begins. */
const ANSWERED = 'answered';

type Idempotency = NonNullable<AdmittedCall['idempotency']>;

function covers(run: RunningCall, scope: KillScope, id: string): boolean {
  const { head } = run.call;
  if (scope === 'tenant') return head.tenant === id;
  if (scope === 'key') return `${head.tenant}/${head.key_id}` === id;
  return run.attempts.some((attempt) => !attempt.is_over && isOf(attempt, scope, id));
}

function isOf({ spec }: Attempt, scope: KillScope, id: string): boolean {
  return (scope === 'model' ? spec.target.model.id : spec.target.provider.id) === id;
}
