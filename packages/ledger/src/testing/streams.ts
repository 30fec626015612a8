import {
  addUsage,
  costUsdNanos,
  type Footprint,
  type Price,
  type Rng,
  randomInt,
  seededRng,
  type Usage,
  utcDay,
  ZERO_USAGE,
} from '@atp-router/kernel';
import type { ConsensusEnded } from '../consensus-events.ts';
import type { AttemptIntent, AttemptRecord, CallHead, CallOutcome, IdempotencyRef, RouterEvent } from '../events.ts';

/** An event and the wall clock at which a router would have appended it. */
export interface TimedEvent {
  readonly event: RouterEvent;
  readonly ts_ms: number;
}

interface LiveCall {
  readonly head: CallHead;
  readonly idempotency?: IdempotencyRef;
  readonly ended: AttemptRecord[];
  intent: AttemptIntent;
  out_tokens: number;
}

const PRICE: Price = {
  in_usd_micros_per_mtok: 250_000,
  out_usd_micros_per_mtok: 2_000_000,
  cached_in_usd_micros_per_mtok: 25_000,
  cache_write_usd_micros_per_mtok: 312_500,
  reasoning_usd_micros_per_mtok: 2_000_000,
  per_request_usd_nanos: 7,
};

const DAY_MS = 86_400_000;

const TENANTS: readonly [string, ...string[]] = ['acme', 'globex', 'ünïcode ☃'];
const MODELS: readonly [string, ...string[]] = ['small', 'big', 'local'];

/**
 * A seeded stream of what a router writes: interleaved calls with retries, hedges, progress, idempotency keys and
 * operator events between them. About one call in ten is left open at the end, as after a crash. For tests of whatever
 * reads the journal; equal seeds give equal streams.
 */
export function sampleStream(seed: number, steps: number, start_ms: number = 1_790_000_000_000): TimedEvent[] {
  const rng = seededRng(seed);
  const live: LiveCall[] = [];
  const out: TimedEvent[] = [];
  let now_ms = start_ms;
  let calls = 0;
  for (let i = 0; i < steps; i += 1) {
    // Now and then a night passes, so that days change under running calls.
    now_ms += rng.next() < 0.01 ? 50_000_000 : randomInt(rng, 0, 900);
    const emit = (event: RouterEvent): void => {
      out.push({ event, ts_ms: now_ms });
    };
    const dice = rng.next();
    const call = live[randomInt(rng, 0, live.length - 1)];
    if (dice < 0.05) emit(operatorEvent(rng));
    else if (call === undefined || dice < 0.3) {
      calls += 1;
      live.push(openCall(rng, seed, calls, now_ms, emit));
    } else if (dice < 0.5) progress(rng, call, emit);
    else if (dice < 0.62) nextAttempt(rng, call, emit);
    else if (rng.next() < 0.9) endCall(rng, call, live, now_ms, emit);
  }
  return out;
}

type Emit = (event: RouterEvent) => void;

function pick<T>(rng: Rng, from: readonly [T, ...T[]]): T {
  return from[randomInt(rng, 0, from.length - 1)] ?? from[0];
}

function hex(rng: Rng): string {
  let out = '';
  for (let i = 0; i < 64; i += 1) out += randomInt(rng, 0, 15).toString(16);
  return out;
}

function openCall(rng: Rng, seed: number, n: number, now_ms: number, emit: Emit): LiveCall {
  const head: CallHead = {
    call_id: `call_${seed}_${n}`,
    tenant: pick(rng, TENANTS),
    key_id: 'k1',
    endpoint: pick(rng, ['chat.completions', 'messages']),
    requested_model: 'auto',
    qos: pick(rng, ['gold', 'silver', 'bronze']),
    stream: rng.next() < 0.5,
    started_ms: now_ms,
    ...(rng.next() < 0.3 && { policy: 'review', agent: 'reviewer.fast', task_type: 'code_review' }),
    ...(rng.next() < 0.3 && { trace_id: hex(rng).slice(0, 32) }),
    ...(n % 5 === 0 && { parent_span_id: 'b7ad6b7169203331', trace_sampled: n % 2 === 0 }),
    // It waited over midnight for its funds.
    ...(n % 9 === 0 && { budget_day: utcDay(now_ms + DAY_MS) }),
  };
  const intent = makeIntent(rng, 1, 'primary');
  const idempotency = rng.next() < 0.4 ? { scope_hash: hex(rng), body_hash: hex(rng) } : undefined;
  emit({ type: 'call.opened', ...head, ...(idempotency && { idempotency }), attempt: intent });
  return { head, ...(idempotency && { idempotency }), ended: [], intent, out_tokens: 0 };
}

function makeIntent(rng: Rng, n: number, kind: AttemptIntent['kind']): AttemptIntent {
  return {
    n,
    turn: 1,
    kind,
    model: pick(rng, MODELS),
    provider: 'up',
    in_tokens: randomInt(rng, 1, 5_000),
    out_tokens: 1_000,
    reserved_usd_nanos: 3_000_000,
    ...(rng.next() < 0.9 && { price: PRICE }),
  };
}

function progress(rng: Rng, call: LiveCall, emit: Emit): void {
  call.out_tokens += randomInt(rng, 0, 200);
  const { call_id } = call.head;
  const { n, in_tokens } = call.intent;
  // By its number, so that the streams of older seeds stay what they are.
  const reported = n % 2 === 0 ? { ...ZERO_USAGE, in_tokens: in_tokens + 1 } : undefined;
  emit({
    ...{ type: 'attempt.progress', call_id, n, out_tokens: call.out_tokens },
    ...(reported !== undefined && { reported }),
  });
}

function nextAttempt(rng: Rng, call: LiveCall, emit: Emit): void {
  const { call_id } = call.head;
  const attempt = endAttempt(rng, call, 'error');
  emit({ type: 'attempt.ended', call_id, attempt });
  call.ended.push(attempt);
  call.intent = makeIntent(rng, call.intent.n + 1, pick(rng, ['retry', 'fallback']));
  call.out_tokens = 0;
  emit({ type: 'attempt.started', call_id, attempt: call.intent });
}

function endAttempt(rng: Rng, call: LiveCall, outcome: CallOutcome): AttemptRecord {
  const { n, turn, kind, model, provider, in_tokens, price } = call.intent;
  const usage: Usage = {
    in_tokens,
    out_tokens: call.out_tokens + randomInt(rng, 0, 50),
    cached_in_tokens: randomInt(rng, 0, in_tokens),
    cache_write_tokens: 0,
    reasoning_tokens: 0,
  };
  const tools_usd_nanos = rng.next() < 0.2 ? randomInt(rng, 1, 9) * 10_000_000 : undefined;
  // By model and number, so that the streams of older seeds stay what they are.
  const energy_joules = model === 'local' ? undefined : usage.out_tokens / 8;
  return {
    ...{ n, turn, kind, model, provider, outcome, usage },
    ...(outcome === 'error' && { error: 'upstream_error', upstream_status: 500 }),
    usage_source: rng.next() < 0.8 ? 'reported' : 'counted',
    cost_usd_nanos: (price === undefined ? 0 : costUsdNanos(usage, price)) + (tools_usd_nanos ?? 0),
    ...(tools_usd_nanos !== undefined && { tools_usd_nanos }),
    ...(energy_joules !== undefined && {
      energy_joules,
      ...(model === 'small' && { co2e_mg: n / 4, region: 'north' }),
    }),
    latency_ms: randomInt(rng, 1, 9_000),
    ...(rng.next() < 0.5 && { ttfb_ms: randomInt(rng, 1, 900) }),
  };
}

function endCall(rng: Rng, call: LiveCall, live: LiveCall[], now_ms: number, emit: Emit): void {
  live.splice(live.indexOf(call), 1);
  if (rng.next() < 0.1) return;
  const outcome = pick<CallOutcome>(rng, ['ok', 'ok', 'ok', 'error', 'cancelled']);
  const attempts = [...call.ended, endAttempt(rng, call, outcome)];
  const { head, idempotency } = call;
  if (idempotency !== undefined && outcome === 'ok') {
    const sealed = hex(rng).repeat(randomInt(rng, 0, 4));
    const expires_ms = now_ms + 86_400_000;
    emit({ type: 'idempotency.stored', ...idempotency, call_id: head.call_id, expires_ms, sealed });
  }
  emit({
    type: 'call.ended',
    ...head,
    outcome,
    ...(outcome !== 'ok' && { error: 'upstream_error' }),
    status: outcome === 'ok' ? 200 : 502,
    attempts,
    usage: attempts.reduce<Usage>((sum, attempt) => addUsage(sum, attempt.usage), ZERO_USAGE),
    cost_usd_nanos: attempts.reduce((sum, attempt) => sum + attempt.cost_usd_nanos, 0),
    ...wholeOf(attempts),
    latency_ms: randomInt(rng, 1, 90_000) / 8,
    ...(idempotency && { idempotency }),
  });
  const session = sessionOf(head, attempts, outcome);
  if (session !== undefined) emit(session);
}

/** Of all attempts, where it is known of each. */
function wholeOf(attempts: readonly AttemptRecord[]): Footprint {
  const of = (name: keyof Footprint): Footprint => {
    const parts = attempts.flatMap((attempt) => attempt[name] ?? []);
    return parts.length < attempts.length ? {} : { [name]: parts.reduce((sum, part) => sum + part, 0) };
  };
  return { ...of('energy_joules'), ...of('co2e_mg') };
}

/** By the number of the call, so that the streams of older seeds stay what they are. */
function sessionOf(
  head: CallHead,
  attempts: readonly AttemptRecord[],
  outcome: CallOutcome,
): ConsensusEnded | undefined {
  const n = Number(head.call_id.split('_').at(-1));
  if (n % 4 !== 1 || outcome === 'interrupted') return undefined;
  const cost_usd_nanos = attempts.reduce((sum, attempt) => sum + attempt.cost_usd_nanos, 0);
  const tokens = attempts.reduce((sum, { usage }) => sum + usage.in_tokens + usage.out_tokens, 0);
  const spent = { tokens, cost_usd_nanos };
  return {
    type: 'consensus.ended',
    ...{ call_id: head.call_id, tenant: head.tenant, started_ms: head.started_ms },
    ...{ policy: n % 3 === 0 ? 'panel' : 'review', strategy: n % 3 === 1 ? 'majority' : 'union', mode: 'diverse' },
    outcome,
    ...(outcome === 'ok'
      ? { agreement: 0.5, confidence: { raw: 0.5, calibrated: 0.625 } }
      : { error: 'upstream_error' }),
    lanes: [
      {
        ...{ lane: 0, role: 'member', source: 'ünïcode ☃', clone: 0, model: 'small', state: 'finalized', share: 1 },
        ...{ attempts: attempts.length, admitted_ms: 1, ended_ms: 9.5, waits: 0, answer_chars: 12, ...spent },
      },
    ],
    follow_ups: [],
    arbiter: { used: false, refused_by_cap: false },
    ...{ provisional: 0, revisions: 0, documents: 0 },
    timing: { dispatch_ms: 1, stream_ms: 8, reconcile_ms: 0.5, complete_ms: 9.5 },
    decision: ['the first whole answer'],
    uncertainties: [],
    ...spent,
    sealed: n % 8 === 1 ? '' : 'c2VhbGVk',
  };
}

function operatorEvent(rng: Rng): RouterEvent {
  const id = `t${randomInt(rng, 1, 4)}`;
  const by = 'admin';
  const on = rng.next() < 0.6;
  const kill = { scope: 'model', id, reason: 'odd answers', by, stopped_calls: on ? 2 : 0 } as const;
  return pick<RouterEvent>(rng, [
    { type: 'kill.set', ...kill, on, since_ms: on ? randomInt(rng, 1, 1_000_000) : null },
    { type: 'entity.put', kind: 'tenant', id, value: { qos_max: 'gold', note: 'a "quoted" ✓' }, by },
    { type: 'entity.deleted', kind: 'tenant', id, by },
    { type: 'breaker.changed', provider: 'up', model: 'big', from: 'closed', to: 'open', reason: '5 errors in a row' },
    { type: 'config.applied', generation: 2, hash: hex(rng), source: 'file' },
  ]);
}
