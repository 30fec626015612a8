import { addCounts, addUsdNanos, type Footprint, type Usage, utcDay } from '@atp-router/kernel';
import type { AttemptRecord, CallEnded } from '../events.ts';
import { knownOf, unknownOf } from '../footprint.ts';
import { type BudgetDay, modelOf, type UsageDay } from './rows.ts';

/** What of a call's end goes into sums. */
export interface SettledCall
  extends Pick<CallEnded, 'tenant' | 'requested_model' | 'started_ms' | 'budget_day' | 'usage' | 'cost_usd_nanos'>,
    Footprint {
  readonly outcome: string;
  readonly attempts: readonly (Pick<AttemptRecord, 'model' | 'usage' | 'cost_usd_nanos'> & Footprint)[];
}

type Sum<T> = { -readonly [name in keyof T]: T[name] };

/** The sums of one tenant on one day. */
interface TenantDay {
  readonly budget: Sum<BudgetDay>;
  readonly models: Map<string, Sum<UsageDay>>;
}

const DAY_MS = 86_400_000;

/**
 * Adds up calls by day, tenant and model: the same sums as `usageDays` and `budgetDay` one by one, in place, because a
 * projection does this for each call.
 */
export class CallSums {
  readonly #days: Map<number, { readonly day: string; readonly tenants: Map<string, TenantDay> }> = new Map();

  /** The UTC day that the call is charged to. */
  dayOf(event: SettledCall): string {
    return this.#dayOf(event).day;
  }

  add(event: SettledCall): void {
    const { day, tenants } = this.#dayOf(event);
    const { attempts, usage, tenant } = event;
    let sums = tenants.get(tenant);
    if (sums === undefined) {
      sums = { budget: { tenant, day, calls: 0, tokens: 0, cost_usd_nanos: 0 }, models: new Map() };
      tenants.set(tenant, sums);
    }
    const { budget, models } = sums;
    budget.calls += 1;
    budget.tokens = addCounts(budget.tokens, usage.in_tokens + usage.out_tokens);
    budget.cost_usd_nanos = addUsdNanos(budget.cost_usd_nanos, event.cost_usd_nanos);
    for (const attempt of attempts) {
      const sum = modelSum(models, tenant, attempt.model, day);
      sum.attempts += 1;
      addTokens(sum, attempt.usage);
      sum.cost_usd_nanos = addUsdNanos(sum.cost_usd_nanos, attempt.cost_usd_nanos);
      addKnown(sum, attempt);
    }
    const last = modelSum(models, tenant, modelOf(event), day);
    last.calls += 1;
    if (event.outcome !== 'ok') last.errors += 1;
    const { calls_without_energy, calls_without_co2e } = unknownOf(event);
    last.calls_without_energy += calls_without_energy;
    last.calls_without_co2e += calls_without_co2e;
  }

  usage(): UsageDay[] {
    return [...this.#sums()].flatMap(({ models }) => [...models.values()]);
  }

  budgets(): BudgetDay[] {
    return [...this.#sums()].map(({ budget }) => budget);
  }

  *#sums(): Generator<TenantDay> {
    for (const { tenants } of this.#days.values()) yield* tenants.values();
  }

  #dayOf({ started_ms, budget_day }: SettledCall): { readonly day: string; readonly tenants: Map<string, TenantDay> } {
    const of_ms = budget_day === undefined ? started_ms : Date.parse(budget_day);
    const n = Math.floor(of_ms / DAY_MS);
    let day = this.#days.get(n);
    if (day === undefined) {
      day = { day: budget_day ?? utcDay(of_ms), tenants: new Map() };
      this.#days.set(n, day);
    }
    return day;
  }
}

function modelSum(models: Map<string, Sum<UsageDay>>, tenant: string, model: string, day: string): Sum<UsageDay> {
  let sum = models.get(model);
  if (sum === undefined) {
    const tokens = { in_tokens: 0, out_tokens: 0, cached_in_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 };
    const footprint = { energy_millijoules: 0, co2e_micrograms: 0, calls_without_energy: 0, calls_without_co2e: 0 };
    sum = { tenant, model, day, calls: 0, errors: 0, attempts: 0, ...tokens, cost_usd_nanos: 0, ...footprint };
    models.set(model, sum);
  }
  return sum;
}

function addTokens(sum: Sum<Usage>, usage: Usage): void {
  sum.in_tokens = addCounts(sum.in_tokens, usage.in_tokens);
  sum.out_tokens = addCounts(sum.out_tokens, usage.out_tokens);
  sum.cached_in_tokens = addCounts(sum.cached_in_tokens, usage.cached_in_tokens);
  sum.cache_write_tokens = addCounts(sum.cache_write_tokens, usage.cache_write_tokens);
  sum.reasoning_tokens = addCounts(sum.reasoning_tokens, usage.reasoning_tokens);
}

function addKnown(sum: Sum<UsageDay>, of: Footprint): void {
  if (of.energy_joules === undefined) return;
  const { energy_millijoules, co2e_micrograms } = knownOf(of);
  sum.energy_millijoules = addCounts(sum.energy_millijoules, energy_millijoules);
  sum.co2e_micrograms = addCounts(sum.co2e_micrograms, co2e_micrograms);
}
