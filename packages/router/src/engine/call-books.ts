import type { AtpField } from '@atp-router/dialects';
import { type Footprint, nanosToMicros, type Usage, type UsdNanos } from '@atp-router/kernel';
import type { AttemptRecord, CallEnded, CallOutcome, IdempotencyRef } from '@atp-router/ledger';
import type { Bytes } from '../relay/types.ts';
import type { Attempt } from './attempt.ts';
import { Capture } from './capture.ts';
import type { AnswerMeta } from './client.ts';
import type { AdmittedCall, EngineEnv } from './env.ts';
import { footprintOfAll, round, totals } from './records.ts';

/** What one call has used so far, and everything that is written about it when it ends. */
export class CallBooks {
  readonly #call: AdmittedCall;
  readonly #env: EngineEnv;
  readonly #records: AttemptRecord[] = [];
  readonly #capture: Capture | undefined;
  #kept_until_ms: number | undefined;

  constructor(call: AdmittedCall, env: EngineEnv) {
    this.#call = call;
    this.#env = env;
    this.#capture = call.idempotency === undefined ? undefined : new Capture(call.idempotency.max_body_bytes);
  }

  add(record: AttemptRecord): void {
    this.#records.push(record);
  }

  /** A copy of what the client gets, kept for calls that may be repeated. */
  sent(chunk: Bytes): void {
    this.#capture?.add(chunk);
  }

  /** The usage record. */
  endedEvent(
    outcome: CallOutcome,
    error: string | undefined,
    status: number,
    budget_day: string | undefined,
    now_mono_ms: number,
  ): CallEnded {
    const { idempotency, head, started_mono_ms } = this.#call;
    const first = this.#records[0]?.ttfb_ms;
    const { usage, cost_usd_nanos } = totals(this.#records);
    const { energy_joules, co2e_mg } = footprintOfAll(this.#records);
    // Field by field, in one shape for all calls: this object is made and serialised for each of them.
    return {
      type: 'call.ended',
      call_id: head.call_id,
      tenant: head.tenant,
      key_id: head.key_id,
      endpoint: head.endpoint,
      requested_model: head.requested_model,
      policy: head.policy,
      agent: head.agent,
      qos: head.qos,
      task_type: head.task_type,
      stream: head.stream,
      trace_id: head.trace_id,
      parent_span_id: head.parent_span_id,
      trace_sampled: head.trace_sampled,
      started_ms: head.started_ms,
      budget_day,
      outcome,
      error,
      status,
      attempts: this.#records,
      usage,
      cost_usd_nanos,
      energy_joules,
      co2e_mg,
      latency_ms: round(now_mono_ms - started_mono_ms),
      ttfb_ms: first,
      idempotency: idempotency && { ...refOf(idempotency), expires_ms: this.#keptUntil_ms(idempotency) },
    };
  }

  /** Journals the answer of a call that may be repeated. Only complete answers are kept; `sealed` is undefined otherwise. */
  storeOutcome(outcome: CallOutcome, meta: AnswerMeta, stream: boolean): string | undefined {
    const ref = this.#call.idempotency;
    if (ref === undefined || outcome !== 'ok') return undefined;
    const body = this.#capture?.take();
    const sealed =
      body === undefined
        ? ''
        : this.#env.outcomes.seal({
            stream,
            model: meta.model ?? '',
            cost_usd_micros: meta.cost_usd_micros ?? 0,
            attempts: meta.attempts ?? 0,
            ...(meta.simulated === true ? { simulated: true } : {}),
            body,
          });
    const { scope_hash, body_hash } = ref;
    const expires_ms = this.#keptUntil_ms(ref);
    const { call_id } = this.#call.head;
    this.#env.log.append({ type: 'idempotency.stored', scope_hash, body_hash, call_id, expires_ms, sealed });
    return sealed === '' ? undefined : sealed;
  }

  /** Tells whoever repeats the call. One that failed without cost may be run again under its key; a billed one may not. */
  tellRepeats(outcome: CallOutcome, sealed: string | undefined): void {
    const ref = this.#call.idempotency;
    if (ref === undefined) return;
    if (outcome !== 'ok' && totals(this.#records).cost_usd_nanos === 0) this.#env.outcomes.release(ref);
    else this.#env.outcomes.complete(ref, this.#call.head.call_id, sealed, this.#keptUntil_ms(ref));
  }

  /** From the end of the call on: a call may take longer than its outcome is kept. */
  #keptUntil_ms({ expires_ms, ttl_ms }: Idempotency): number {
    this.#kept_until_ms ??= Math.max(expires_ms, this.#env.ambient.clock.now_ms() + ttl_ms);
    return this.#kept_until_ms;
  }

  /** Of all attempts. */
  get usage(): Usage {
    return totals(this.#records).usage;
  }

  /** How its attempts ended. */
  get records(): readonly AttemptRecord[] {
    return this.#records;
  }

  /** Of all attempts. Where none used anything, nothing was taken. */
  get footprint(): Footprint {
    const used = this.#records.some(({ usage_source }) => usage_source !== 'none');
    return used ? footprintOfAll(this.#records) : { energy_joules: 0, co2e_mg: 0 };
  }

  get cost_usd_nanos(): UsdNanos {
    return totals(this.#records).cost_usd_nanos;
  }

  /** `model`: the name of the answer where it is not that of one attempt. */
  meta(attempt: Attempt | undefined, attempts: number, model?: string): AnswerMeta {
    const { call_id, tenant } = this.#call.head;
    return {
      call_id,
      tenant,
      attempts,
      cost_usd_micros: nanosToMicros(totals(this.#records).cost_usd_nanos),
      ...footprintOfAll(this.#records),
      model: attempt?.spec.target.model.id ?? model,
      ignored: attempt?.spec.codec.ignored,
      simulated: attempt?.spec.target.provider.simulated,
      deprecated: attempt?.spec.target.model.status === 'deprecated',
    };
  }

  atp(attempt: Attempt | undefined, meta: AnswerMeta): AtpField {
    const { challenger } = this.#call.sink;
    const model = attempt?.spec.target.model.id ?? meta.model ?? '';
    return {
      request_id: meta.call_id,
      model,
      attempts: meta.attempts ?? 1,
      cost_usd_micros: meta.cost_usd_micros ?? 0,
      usage_source: this.#records[this.#records.length - 1]?.usage_source ?? 'none',
      ...(meta.energy_joules !== undefined && { energy_joules: meta.energy_joules }),
      ...(meta.co2e_mg !== undefined && { co2e_mg: meta.co2e_mg }),
      ...((attempt?.spec.target.provider.simulated ?? meta.simulated) ? { simulated: true as const } : {}),
      ...(challenger !== undefined && { trial: { champion: model, challenger } }),
    };
  }
}

type Idempotency = NonNullable<AdmittedCall['idempotency']>;

/** The part of a call's idempotency that events carry. */
export function refOf(ref: Idempotency): IdempotencyRef {
  return { scope_hash: ref.scope_hash, body_hash: ref.body_hash, expires_ms: ref.expires_ms };
}
