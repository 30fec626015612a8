import { type FanoutPlan, type Member, STRATEGIES } from '@atp-router/consensus';
import type { UsdNanos } from '@atp-router/kernel';
import { expectationOf, type ModelEntry, type Observed, type RequestFacts } from '@atp-router/routing';
import type { Decision, PolicyView } from './policy-view.ts';

/** How many answers a request asks for, and what they cost: what is sure, and what it cannot be more than. Retries come on top. */
export interface CostBounds {
  readonly calls_low: number;
  readonly calls_high: number;
  readonly usd_nanos_low: UsdNanos;
  /** Undefined: something that may be asked has no price, and no budget bounds it. */
  readonly usd_nanos_high: UsdNanos | undefined;
}

interface Cost {
  readonly low: UsdNanos;
  readonly high: UsdNanos | undefined;
}

const NOTHING: CostBounds = { calls_low: 0, calls_high: 0, usd_nanos_low: 0, usd_nanos_high: 0 };

/** Of one request. A refused one costs nothing. */
export function boundsOf(view: PolicyView, decision: Decision): CostBounds {
  const { routed, facts, policy, fanout } = decision;
  if (!routed.ok) return NOTHING;
  const cap = policy?.budget?.usd_nanos;
  if (fanout === undefined) {
    const { low, high } = costOf(routed.plan.targets, facts);
    return { calls_low: 1, calls_high: 1, ...capped(low, high, cap) };
  }
  return fanoutBounds(view, fanout, facts, cap);
}

function fanoutBounds(view: PolicyView, plan: FanoutPlan, facts: RequestFacts, cap: UsdNanos | undefined): CostBounds {
  const of = ({ model }: Member): Cost => costOf([view.modelOf(model)], facts);
  const lanes = plan.members.map(of);
  const filter = plan.filter === undefined ? [] : [of(plan.filter)];
  const further = plan.escalations.map(({ to }) => of(to));
  const judge = plan.judge;
  const questions = questionsOf(plan);
  const judged = judge === undefined ? dearest(lanes) : of(judge);
  const arbiter = plan.arbiter === undefined ? [] : [{ low: 0, high: plan.arbiter.max_usd_nanos }];
  // Lanes that are stopped early may have cost nothing; sampling need not begin them.
  const { is_sampled } = STRATEGIES[plan.strategy.kind];
  const is_cut = plan.tau_final !== undefined || plan.deadline_ms !== undefined;
  const stops = plan.mode === 'speculative' || is_sampled || is_cut;
  const lows = lanes.map(({ low }) => low);
  const sure = stops ? Math.min(...lows) : sum(lows);
  const asked = Array.from({ length: questions }, () => judged);
  const high = total([...filter, ...lanes, ...further, ...asked, ...arbiter]);
  const calls_high = filter.length + lanes.length + further.length + questions + arbiter.length;
  return {
    calls_low: filter.length + (is_sampled ? 1 : lanes.length),
    calls_high,
    ...capped(sure + sum(filter.map(({ low }) => low)), high, cap),
  };
}

/** To judges: `verify` has each answer scored by itself, and two_phase asks once more. */
function questionsOf({ judge, strategy, members }: FanoutPlan): number {
  if (judge === undefined) return strategy.kind === 'two_phase' ? 1 : 0;
  return strategy.judge_mode === 'verify' ? members.length : 1;
}

function dearest(costs: readonly Cost[]): Cost {
  const high = costs.some((one) => one.high === undefined)
    ? undefined
    : Math.max(0, ...costs.map((one) => one.high ?? 0));
  return { low: 0, high };
}

function total(costs: readonly Cost[]): UsdNanos | undefined {
  return costs.some(({ high }) => high === undefined) ? undefined : sum(costs.map(({ high }) => high ?? 0));
}

function capped(
  low: UsdNanos,
  high: UsdNanos | undefined,
  cap: UsdNanos | undefined,
): Pick<CostBounds, 'usd_nanos_low' | 'usd_nanos_high'> {
  if (cap === undefined) return { usd_nanos_low: low, usd_nanos_high: high };
  return { usd_nanos_low: Math.min(low, cap), usd_nanos_high: Math.min(high ?? cap, cap) };
}

/** The cheapest of these at the expected length, the dearest at the greatest. */
function costOf(models: readonly (ModelEntry | undefined)[], facts: RequestFacts): Cost {
  const targets = models.filter((model) => model !== undefined);
  const plan = { targets, agent: undefined, step_agents: new Map(), policy: undefined, why: [] };
  const { usd_nanos_low = 0, usd_nanos_high } = expectationOf(plan, facts, UNMEASURED, 0);
  const is_priced = targets.length > 0 && targets.every(({ price }) => price !== undefined);
  return { low: usd_nanos_low, high: is_priced ? usd_nanos_high : undefined };
}

const UNMEASURED: Observed = {
  successRate: () => undefined,
  p95_ms: () => undefined,
  mape: () => undefined,
  underRate: () => undefined,
};

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
