import type { FlowGauges, FlowOutcome, FlowSeries } from '@atp-router/adapters';
import { QOS_TIERS, type Qos } from '@atp-router/kernel';
import type { Engine } from '../engine/engine.ts';
import type { FlowWatch, GateTicket } from '../engine/gate.ts';
import { levelOf } from '../generation/accounts.ts';
import type { Spending } from './spending.ts';

/** Tenants and windows in one scrape. */
const SHOWN_MAX = 500;
/** Waits of a tier that quantiles are taken from: the last so many decisions. */
const WAITS = 512;

/** How the demands of a tier came out in one process since its start, and how long the last of them took. */
export interface TierCounts {
  readonly outcomes: Readonly<Record<FlowOutcome, number>>;
  /** Of those granted, how many had to wait. */
  readonly waited: number;
  readonly preempted: number;
  readonly starved: number;
  readonly waits_ms: readonly number[];
}

/** The same of all processes. */
export interface TierStats extends Omit<TierCounts, 'waits_ms'> {
  readonly wait_p50_ms: number;
  readonly wait_p99_ms: number;
}

/** Adds up what processes have counted of one tier. */
export function tierStats(all: readonly TierCounts[]): TierStats {
  const outcomes = { ...NO_OUTCOMES };
  const sums = { waited: 0, preempted: 0, starved: 0 };
  for (const counts of all) {
    for (const name of ['waited', 'preempted', 'starved'] as const) sums[name] += counts[name];
    for (const name of OUTCOMES) outcomes[name] += counts.outcomes[name];
  }
  const sorted = Float64Array.from(all.flatMap(({ waits_ms }) => waits_ms)).sort();
  const at = (q: number): number => sorted[Math.floor(q * (sorted.length - 1))] ?? 0;
  return { outcomes, ...sums, wait_p50_ms: at(0.5), wait_p99_ms: at(0.99) };
}

const NO_OUTCOMES: Readonly<Record<FlowOutcome, number>> = {
  ...{ granted: 0, denied: 0, expired: 0 },
  ...{ shed: 0, failed: 0, cancelled: 0 },
};

const OUTCOMES = Object.keys(NO_OUTCOMES) as FlowOutcome[];

class Tier {
  readonly outcomes: Record<FlowOutcome, number> = { ...NO_OUTCOMES };
  waited = 0;
  preempted = 0;
  starved = 0;
  readonly #waits_ms: Float64Array = new Float64Array(WAITS);
  #seen = 0;

  decided(outcome: FlowOutcome, wait_ms: number, has_waited: boolean): void {
    this.outcomes[outcome] += 1;
    if (outcome !== 'granted') return;
    if (has_waited) this.waited += 1;
    this.#waits_ms[this.#seen % WAITS] = wait_ms;
    this.#seen += 1;
  }

  counts(): TierCounts {
    const { outcomes, waited, preempted, starved } = this;
    const waits_ms = [...this.#waits_ms.subarray(0, Math.min(WAITS, this.#seen))];
    return { outcomes: { ...outcomes }, waited, preempted, starved, waits_ms };
  }
}

/** Counts what happens in the queues: for metrics, and for `/admin/v1/flow`. */
export class FlowCounts implements FlowWatch {
  lapsed_total = 0;
  readonly #series: FlowSeries;
  readonly #tiers: Readonly<Record<Qos, Tier>> = { gold: new Tier(), silver: new Tier(), bronze: new Tier() };

  constructor(series: FlowSeries) {
    this.#series = series;
  }

  counts(qos: Qos): TierCounts {
    return this.#tiers[qos].counts();
  }

  decided({ key: { qos }, state, since_mono_ms, has_waited }: GateTicket, mono_ms: number): void {
    const outcome =
      state.kind === 'waiting' || state.kind === 'ended' || state.kind === 'lapsed' ? 'granted' : state.kind;
    const wait_ms = mono_ms - since_mono_ms;
    this.#tiers[qos].decided(outcome, wait_ms, has_waited);
    this.#series.decided(qos, outcome, wait_ms / 1_000);
    if ('denial' in state) this.#series.denied(levelOf(state.denial.account), state.denial.dimension);
  }

  preempted({ key: { qos } }: GateTicket): void {
    this.#tiers[qos].preempted += 1;
    this.#series.preempted(qos);
  }

  lapsed(): void {
    this.lapsed_total += 1;
    this.#series.lapsed();
  }

  marked(account: string, is_high: boolean): void {
    this.#series.marked(levelOf(account), is_high);
  }

  starving(qos: Qos): void {
    this.#tiers[qos].starved += 1;
    this.#series.starving(qos);
  }

  congested(sign: string): void {
    this.#series.congested(sign);
  }
}

/** What `FlowSeries.live` reads. */
export function flowGauges(
  { waiting, jain, pools, narrowed, heldBack, penalties }: FlowState,
  spending: () => FlowGauges['spending'],
): FlowGauges {
  const pressed = new Map<string, number>();
  for (const { account, mark } of pools()) {
    const level = levelOf(account);
    if (mark.is_high) pressed.set(level, (pressed.get(level) ?? 0) + 1);
  }
  return {
    tiers: QOS_TIERS.map((qos) => ({ qos, waiting: waiting(qos), jain: jain(qos) })),
    pressed,
    windows: [...narrowed()].slice(0, SHOWN_MAX),
    spending: spending(),
    held_back: [...heldBack()].slice(0, SHOWN_MAX),
    penalties: [...penalties()],
  };
}

/** The part of an engine that is read for gauges. */
interface FlowState {
  waiting(qos: Qos): number;
  jain(qos: Qos): number;
  pools(): Iterable<{ readonly account: string; readonly mark: { readonly is_high: boolean } }>;
  narrowed(): Iterable<FlowGauges['windows'][number]>;
  heldBack(): Iterable<FlowGauges['held_back'][number]>;
  penalties(): Iterable<FlowGauges['penalties'][number]>;
}

export function flowStateOf({ gate, windows, penalties, parts }: Engine): FlowState {
  const { throttles } = parts;
  return {
    waiting: (qos) => gate.waiting(qos),
    jain: (qos) => gate.jain(qos),
    pools: () => gate.pools(),
    narrowed: () => windows.narrowed(),
    heldBack: () => [...throttles.tenants()].map((tenant) => ({ tenant, tiers: throttles.level(tenant) })),
    penalties: () => penaltiesOf(penalties, parts.ambient.clock.now_ms()),
  };
}

/** What `/admin/v1/flow` reads besides the engine. */
export interface FlowParts {
  readonly watch: FlowCounts;
  readonly spending: Spending;
}

/** As many as one scrape may have of them. */
const PENALTIES_SHOWN_MAX = 500;

function penaltiesOf(penalties: Engine['penalties'], now_ms: number): FlowGauges['penalties'] {
  const all = [...penalties.list(now_ms)].slice(0, PENALTIES_SHOWN_MAX);
  return all.map(({ account, penalty: { surcharge, loses_tier } }) => ({ account, surcharge, loses_tier }));
}
