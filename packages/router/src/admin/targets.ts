import { type Amounts, NOTHING, plus } from '@atp-router/flow';
import type { Engine } from '../engine/engine.ts';
import { loadHere } from '../engine/held-here.ts';
import { deploymentAccount } from '../generation/accounts.ts';

export type ModelEntry = Engine['generation']['registry']['models'][number];

type Accuracy = ReturnType<Engine['parts']['estimator']['accuracy']>;

type Breaker = ReturnType<Engine['parts']['health']['breakerState']>;

export interface Load {
  readonly in_flight: number;
  readonly waiting: number;
}

export const NO_LOAD: Load = { in_flight: 0, waiting: 0 };

/** What a process has seen of a target. */
export interface TargetHere extends Load {
  readonly model: string;
  readonly breaker: Breaker;
  readonly ready: boolean;
  readonly samples: number;
  readonly error_rate: number | null;
  readonly p95_ms: number | null;
  readonly accuracy: { readonly [part in keyof Accuracy]: NonNullable<Accuracy[part]> | null };
}

export function targetHere(engine: Engine, model: ModelEntry): TargetHere {
  const { ambient, estimator, health } = engine.parts;
  const mono_ms = ambient.clock.mono_ms();
  const report = health.report(model, mono_ms);
  const { input, total } = estimator.accuracy(model.id, ambient.clock.now_ms());
  return {
    model: model.id,
    breaker: health.breakerState(model),
    ready: health.ready(model, mono_ms),
    samples: report?.samples ?? 0,
    error_rate: report?.error_rate ?? null,
    p95_ms: report?.p95_ms ?? null,
    ...loadHere(engine, deploymentAccount(model.target_key)),
    accuracy: { input: input ?? null, total: total ?? null },
  };
}

/** Of each target what all processes have seen: counts added up, shares weighted by them, and of states the worst. */
export function mergeTargets(all: readonly (readonly TargetHere[])[]): readonly TargetHere[] {
  const merged = new Map<string, TargetHere>();
  for (const one of all.flat()) {
    const before = merged.get(one.model);
    merged.set(one.model, before === undefined ? one : both(before, one));
  }
  return [...merged.values()];
}

const BADNESS: Readonly<Record<Breaker, number>> = { closed: 0, half_open: 1, open: 2 };

function both(a: TargetHere, b: TargetHere): TargetHere {
  const samples = a.samples + b.samples;
  return {
    model: a.model,
    breaker: BADNESS[b.breaker] > BADNESS[a.breaker] ? b.breaker : a.breaker,
    ready: a.ready && b.ready,
    samples,
    error_rate: mean(a.error_rate, a.samples, b.error_rate, b.samples),
    p95_ms: greatest(a.p95_ms, b.p95_ms),
    in_flight: a.in_flight + b.in_flight,
    waiting: a.waiting + b.waiting,
    accuracy: {
      input: bothAccuracies(a.accuracy.input, b.accuracy.input),
      total: bothAccuracies(a.accuracy.total, b.accuracy.total),
    },
  };
}

function bothAccuracies<T extends TargetHere['accuracy']['total']>(a: T, b: T): T {
  if (a === null || b === null) return a ?? b;
  const samples = a.samples + b.samples;
  const share = (x: number, y: number): number => (x * a.samples + y * b.samples) / Math.max(1, samples);
  return {
    samples,
    mape: share(a.mape, b.mape),
    under_rate: share(a.under_rate, b.under_rate),
    // Of two quantiles the quantile of both lies between; the greater errs to the safe side.
    p95_overage: Math.max(a.p95_overage, b.p95_overage),
  } as T;
}

function mean(a: number | null, a_samples: number, b: number | null, b_samples: number): number | null {
  if (a === null || b === null) return a ?? b;
  const samples = a_samples + b_samples;
  return samples === 0 ? Math.max(a, b) : (a * a_samples + b * b_samples) / samples;
}

function greatest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}

/** What calls of all processes hold, by id. */
export function sumsBy<T>(
  all: readonly T[],
  of: (one: T) => readonly (Amounts & { readonly id: string })[],
): ReadonlyMap<string, Amounts> {
  const sums = new Map<string, Amounts>();
  for (const held of all.flatMap(of)) sums.set(held.id, plus(sums.get(held.id) ?? NOTHING, held));
  return sums;
}

export function loadsBy(all: readonly (readonly (Load & { readonly id: string })[])[]): ReadonlyMap<string, Load> {
  const loads = new Map<string, Load>();
  for (const { id, in_flight, waiting } of all.flat()) {
    const { in_flight: before, waiting: queued } = loads.get(id) ?? NO_LOAD;
    loads.set(id, { in_flight: before + in_flight, waiting: queued + waiting });
  }
  return loads;
}
