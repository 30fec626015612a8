import type { AtpField } from '@atp-router/dialects';
import { nanosToMicros } from '@atp-router/kernel';
import type { AttemptRecord, CallEnded, CallOutcome } from '@atp-router/ledger';
import type { Bytes } from '../relay/types.ts';
import type { Attempt } from './attempt.ts';
import { Capture } from './capture.ts';
import type { AnswerMeta } from './client.ts';
import type { AdmittedCall, EngineEnv } from './env.ts';
import { round, totals } from './records.ts';

/** What one call has used so far, and everything that is written about it when it ends. */
export class CallBooks {
  readonly #call: AdmittedCall;
  readonly #env: EngineEnv;
  readonly #records: AttemptRecord[] = [];
  readonly #capture: Capture | undefined;

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
  endedEvent(outcome: CallOutcome, error: string | undefined, status: number, now_mono_ms: number): CallEnded {
    const { idempotency, head, started_mono_ms } = this.#call;
    const first = this.#records.find((r) => r.ttfb_ms !== undefined)?.ttfb_ms;
    return {
      type: 'call.ended',
      ...head,
      outcome,
      ...(error === undefined ? {} : { error }),
      status,
      attempts: this.#records,
      ...totals(this.#records),
      latency_ms: round(now_mono_ms - started_mono_ms),
      ...(first === undefined ? {} : { ttfb_ms: first }),
      ...(idempotency === undefined
        ? {}
        : { idempotency: { scope_hash: idempotency.scope_hash, body_hash: idempotency.body_hash } }),
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
            body,
          });
    const { scope_hash, body_hash, expires_ms } = ref;
    const { call_id } = this.#call.head;
    this.#env.log.append({ type: 'idempotency.stored', scope_hash, body_hash, call_id, expires_ms, sealed });
    return sealed === '' ? undefined : sealed;
  }

  /** Tells whoever repeats the call. One that failed without cost may be run again under its key; a billed one may not. */
  tellRepeats(outcome: CallOutcome, sealed: string | undefined): void {
    const ref = this.#call.idempotency;
    if (ref === undefined) return;
    if (outcome !== 'ok' && totals(this.#records).cost_usd_nanos === 0) this.#env.outcomes.release(ref);
    else this.#env.outcomes.complete(ref, this.#call.head.call_id, sealed, ref.expires_ms);
  }

  meta(attempt: Attempt | undefined, attempts: number): AnswerMeta {
    const { call_id, tenant } = this.#call.head;
    return {
      call_id,
      tenant,
      attempts,
      cost_usd_micros: nanosToMicros(totals(this.#records).cost_usd_nanos),
      ...(attempt === undefined ? {} : { model: attempt.spec.target.model.id, ignored: attempt.spec.codec.ignored }),
    };
  }

  atp(attempt: Attempt, meta: AnswerMeta): AtpField {
    return {
      request_id: meta.call_id,
      model: attempt.spec.target.model.id,
      attempts: meta.attempts ?? 1,
      cost_usd_micros: meta.cost_usd_micros ?? 0,
      usage_source: this.#records[this.#records.length - 1]?.usage_source ?? 'none',
      ...(attempt.spec.target.provider.simulated ? { simulated: true as const } : {}),
    };
  }
}
