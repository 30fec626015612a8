import { providerAccount, tenantAccount } from '../generation/accounts.ts';
import { type AccountSnapshot, type Amounts, NOTHING } from '@atp-router/flow';
import { nanosToMicros } from '@atp-router/kernel';
import type { Engine } from '../engine/engine.ts';
import type { RunningCall } from '../engine/env.ts';
import { loadHere, usedHere } from '../engine/held-here.ts';
import { ASKED, everywhere } from './everywhere.ts';
import type { AdminParts } from './parts.ts';
import {
  type Load,
  loadsBy,
  mergeTargets,
  type ModelEntry,
  NO_LOAD,
  sumsBy,
  type TargetHere,
  targetHere,
} from './targets.ts';
import { type AdminRoutes, ok } from './routes.ts';

/** Entries of each list; the totals say what is left out. */
const SHOWN_MAX = 1_000;

/** `/live`: calls in flight, tenants' windows and budgets, and the state of every provider and target, as they are now. */
export function addLive(routes: AdminRoutes, { engine, others }: AdminParts): void {
  routes.get('/live', [], async () => {
    const all = await everywhere(others, ASKED.live, liveHere(engine, true), undefined);
    const { tenants, registry } = engine.generation;
    const held = sumsBy(all, (one) => one.tenants);
    const used = sumsBy(all, (one) => one.used);
    const loads = loadsBy(all.map((one) => one.providers));
    const states = new Map(mergeTargets(all.map((one) => one.targets)).map((target) => [target.model, target]));
    return ok({
      calls_total: all.reduce((sum, one) => sum + one.calls_total, 0),
      calls: all.flatMap((one) => one.calls).slice(0, SHOWN_MAX),
      tenants_total: tenants.size,
      tenants: first(tenants.keys(), (id) => tenantView(engine, id, held.get(id), used.get(id))),
      providers: first(registry.providerIds(), (id) => providerView(engine, id, loads.get(id) ?? NO_LOAD)),
      targets_total: registry.models.length,
      targets: first(registry.models, (model) => ({ ...shownTarget(engine, model), ...states.get(model.id) })),
    });
  });
}

/** What runs in this process, and what it has seen of targets. */
export interface LiveHere {
  readonly calls_total: number;
  readonly calls: readonly CallView[];
  /** What its calls hold. */
  readonly tenants: readonly (Amounts & { readonly id: string })[];
  /** Today, see `usedHere`. */
  readonly used: readonly (Amounts & { readonly id: string })[];
  readonly providers: readonly (Load & { readonly id: string })[];
  readonly targets: readonly TargetHere[];
}

/** `leads`: it is not a worker of another process. */
export function liveHere(engine: Engine, leads: boolean): () => LiveHere {
  return () => {
    const { registry, tenants } = engine.generation;
    const { accounts, ambient } = engine.parts;
    const mono_ms = ambient.clock.mono_ms();
    const usedBy = (id: string): Amounts => {
      const snapshot = accounts.snapshot(tenantAccount(id), ambient.clock.now_ms());
      return snapshot === undefined ? NOTHING : usedHere(snapshot, engine.gate.here, leads);
    };
    return {
      calls_total: engine.in_flight,
      calls: first(engine.calls(), (run) => callView(run, mono_ms)),
      tenants: first(tenants.keys(), (id) => ({ id, ...engine.gate.here.held(tenantAccount(id)) })),
      used: first(tenants.keys(), (id) => ({ id, ...usedBy(id) })),
      providers: first(registry.providerIds(), (id) => ({ id, ...loadHere(engine, providerAccount(id)) })),
      targets: first(registry.models, (model) => targetHere(engine, model)),
    };
  };
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

function tenantView(engine: Engine, id: string, held: Amounts = NOTHING, used: Amounts = NOTHING): object {
  const { accounts, ambient, kills } = engine.parts;
  const snapshot = accounts.snapshot(tenantAccount(id), ambient.clock.now_ms());
  return { tenant: id, killed: kills.tenant(id), ...(snapshot === undefined ? {} : windowView(snapshot, held, used)) };
}

/** A snapshot with money in micro-dollars. */
function windowView(s: AccountSnapshot, held: Amounts, used: Amounts): object {
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
    outstanding: amounts(held),
    used: amounts(used),
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

function providerView(engine: Engine, id: string, load: Load): object {
  return { provider: id, killed: engine.parts.kills.provider(id), ...load };
}

/** What the configuration and its operator say of a target. */
function shownTarget({ parts: { kills } }: Engine, { id, provider_id, target_key }: ModelEntry): object {
  const killed = kills.model(id) || kills.provider(provider_id);
  return { model: id, provider: provider_id, target: target_key, killed };
}

function first<T, V extends object>(entries: Iterable<T>, view: (entry: T) => V): V[] {
  const shown: V[] = [];
  for (const entry of entries) {
    if (shown.length >= SHOWN_MAX) break;
    shown.push(view(entry));
  }
  return shown;
}
