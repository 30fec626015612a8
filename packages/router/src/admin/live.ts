import { deploymentAccount, providerAccount, tenantAccount } from '../generation/accounts.ts';
import type { AccountSnapshot } from '@atp-router/flow';
import { nanosToMicros } from '@atp-router/kernel';
import type { Engine } from '../engine/engine.ts';
import type { RunningCall } from '../engine/env.ts';
import type { AdminParts } from './parts.ts';
import { type AdminRoutes, ok } from './routes.ts';

/** Entries of each list; the totals say what is left out. */
const SHOWN_MAX = 1_000;

/** `/live`: calls in flight, tenants' windows and budgets, and the state of every provider and target, as they are now. */
export function addLive(routes: AdminRoutes, parts: AdminParts): void {
  const { engine } = parts;
  routes.get('/live', [], () => {
    const mono_ms = engine.parts.ambient.clock.mono_ms();
    const { models } = engine.generation.registry;
    return ok({
      calls_total: engine.in_flight,
      calls: first(engine.calls(), (run) => callView(run, mono_ms)),
      tenants_total: engine.generation.tenants.size,
      tenants: first(engine.generation.tenants.keys(), (id) => tenantView(engine, id)),
      providers: first(engine.generation.registry.providerIds(), (id) => providerView(engine, id)),
      targets_total: models.length,
      targets: first(models, (model) => targetView(engine, model, mono_ms)),
    });
  });
}

export interface CallView {
  readonly call_id: string;
  readonly tenant: string;
  readonly key_id: string;
  readonly endpoint: string;
  readonly requested_model: string;
  /** Of the newest attempt; null while the call waits for its first one. */
  readonly model: string | null;
  readonly provider: string | null;
  readonly qos: string;
  readonly stream: boolean;
  readonly attempts: number;
  readonly started_ms: number;
  readonly age_ms: number;
  readonly in_tokens: number;
  readonly out_tokens: number;
}

/** A call in flight. Tokens are the estimate of the prompt and what was counted of the answer so far. */
export function callView(run: RunningCall, now_mono_ms: number): CallView {
  const { head, started_mono_ms } = run.call;
  const made = run.attempts.filter((attempt) => attempt !== undefined);
  const last = made.at(-1);
  return {
    call_id: head.call_id,
    tenant: head.tenant,
    key_id: head.key_id,
    endpoint: head.endpoint,
    requested_model: head.requested_model,
    model: last?.spec.target.model.id ?? null,
    provider: last?.spec.target.provider.id ?? null,
    qos: head.qos,
    stream: head.stream,
    attempts: made.length,
    started_ms: head.started_ms,
    age_ms: Math.round(now_mono_ms - started_mono_ms),
    in_tokens: last?.usage?.in_tokens ?? last?.spec.in_tokens ?? 0,
    out_tokens: Math.max(last?.usage?.out_tokens ?? 0, last?.counted_out_tokens ?? 0),
  };
}

function tenantView(engine: Engine, id: string): object {
  const { accounts, ambient, kills } = engine.parts;
  const snapshot = accounts.snapshot(tenantAccount(id), ambient.clock.now_ms());
  return { tenant: id, killed: kills.tenant(id), ...(snapshot === undefined ? {} : windowView(snapshot)) };
}

/** A snapshot with money in micro-dollars. */
function windowView(s: AccountSnapshot): object {
  const { limits, remaining } = s;
  return {
    day: s.day,
    limits: {
      max_parallel: limits.max_parallel,
      max_tokens: limits.max_tokens,
      max_usd_micros: limits.max_usd_micros,
      usd_micros_per_day: micros(limits.usd_nanos_per_day),
      tokens_per_day: limits.tokens_per_day,
      calls_per_day: limits.calls_per_day,
    },
    outstanding: amounts(s.outstanding),
    used: amounts(s.used),
    remaining: {
      window_calls: remaining.window_calls,
      window_tokens: remaining.window_tokens,
      window_usd_micros: micros(remaining.window_usd_nanos),
      budget_usd_micros: micros(remaining.budget_usd_nanos),
      budget_tokens: remaining.budget_tokens,
      budget_calls: remaining.budget_calls,
    },
    debt: amounts(s.debt),
  };
}

function amounts(a: { calls: number; tokens: number; usd_nanos: number }): object {
  return { calls: a.calls, tokens: a.tokens, usd_micros: nanosToMicros(a.usd_nanos) };
}

/** Remaining money may be negative; a debt is not rounded away. */
function micros(nanos: number | null): number | null {
  if (nanos === null) return null;
  return nanos < 0 ? -nanosToMicros(-nanos) : nanosToMicros(nanos);
}

function providerView(engine: Engine, id: string): object {
  return { provider: id, killed: engine.parts.kills.provider(id), ...engine.gate.load(providerAccount(id)) };
}

function targetView(
  engine: Engine,
  model: Engine['generation']['registry']['models'][number],
  mono_ms: number,
): object {
  const { ambient, estimator, health, kills } = engine.parts;
  const load = engine.gate.load(deploymentAccount(model.target_key));
  const report = health.report(model, mono_ms);
  const { input, total } = estimator.accuracy(model.id, ambient.clock.now_ms());
  return {
    model: model.id,
    provider: model.provider_id,
    target: model.target_key,
    killed: kills.model(model.id) || kills.provider(model.provider_id),
    breaker: health.breakerState(model),
    ready: health.ready(model, mono_ms),
    samples: report?.samples ?? 0,
    error_rate: report?.error_rate ?? null,
    p95_ms: report?.p95_ms ?? null,
    in_flight: load.in_flight,
    waiting: load.waiting,
    accuracy: { input: input ?? null, total: total ?? null },
  };
}

function first<T>(entries: Iterable<T>, view: (entry: T) => object): object[] {
  const shown: object[] = [];
  for (const entry of entries) {
    if (shown.length >= SHOWN_MAX) break;
    shown.push(view(entry));
  }
  return shown;
}
