import type { RoutingConfig, ValidatorConfig } from '@atp-router/adapters';
import type { CascadeAnswer, CascadeStep } from '@atp-router/consensus';
import { type Footprint, NANOS_PER_USD } from '@atp-router/kernel';
import type { CallHead, RouteDecided, RouteLesson, Speculated } from '@atp-router/ledger';
import { fourDigits, isTextKind, type RouteAnswer, type RouteRecord, type RoutingTask } from '@atp-router/routing';
import type { Weighed } from './weighed.ts';

/** Candidates that a record names: enough to see why, and few enough to be written for each call. */
const CANDIDATES_TOLD = 8;

const NOTHING_BESIDE = { in_usd: 0, out_usd_per_token: 0 };

/** What was known of a call when it was chosen for. */
export interface ChoiceOf {
  readonly explores: boolean;
  /** Whom savings are told against, if it could have been asked; undefined: who is dearest. */
  readonly baseline: string | undefined;
  /** What answers are held against. */
  readonly validators: readonly ValidatorConfig[];
  /** Tokens of the prompt that were expected in prompt caches, by candidate. */
  readonly cached: ReadonlyMap<string, number>;
  /** Of what the cost of each candidate is made. */
  readonly weighed: ReadonlyMap<string, Weighed>;
  /** When the next of a cascade begins early; undefined: never. */
  readonly speculate: RoutingConfig['speculate'];
  /** What a second less to wait is worth, where several may be asked side by side for it; 0: nothing. */
  readonly second_usd: number;
}

/** What came of a call that was chosen for. */
export interface ChoiceEnd {
  readonly outcome: RouteDecided['outcome'];
  /** Those who were asked, in the order in which they ended. */
  readonly came: readonly RouteAnswer[];
  /** Whose answer was the result. */
  readonly taken: string | undefined;
  readonly cost_usd_nanos: number;
  /** What it took, as far as it is known of all of it. */
  readonly footprint: Footprint;
  readonly at_ms: number;
}

/** Whom `auto` has one call answered by, and what it is to do when an answer is there. */
export class AutoChoice {
  readonly #task: RoutingTask;
  readonly #of: ChoiceOf;
  /** All who may be asked: the first is asked first, the others by how much is hoped of them. */
  readonly order: readonly string[];
  #came: readonly RouteAnswer[] = [];
  readonly #speculated: Speculated[] = [];
  #told_before: RouteDecided['candidates'] | undefined;
  /** Who begins together with the first. */
  readonly #beside: string | undefined;

  constructor(task: RoutingTask, of: ChoiceOf) {
    this.#task = task;
    this.#of = of;
    this.order = [task.first.model, ...task.others];
    this.#beside = task.first.looks ? this.#worthBeside([]) : undefined;
  }

  get validators(): readonly ValidatorConfig[] {
    return this.#of.validators;
  }

  get plan(): RouteDecided['plan'] {
    if (!this.#task.first.looks) return 'single';
    return this.#beside === undefined ? 'cascade' : 'fanout';
  }

  has(id: string): boolean {
    return this.order.includes(id);
  }

  /** In words, for whoever is shown the plan. */
  get why(): readonly string[] {
    const { propensity, first } = this.#task;
    const with_whom = this.#beside === undefined ? 'first' : `side by side with ${this.#beside}`;
    const how = first.looks ? `is asked ${with_whom}, and its answer looked at` : 'is asked, and its answer taken';
    const told = this.#told.map(({ model, chance, spread, expected_usd_nanos }) => {
      const usd = (expected_usd_nanos / NANOS_PER_USD).toFixed(6);
      return `${model} is right with a chance of ${chance.toFixed(2)} ± ${spread.toFixed(2)}, for ${usd} USD`;
    });
    return [`${first.model} ${how}: that was decided with a chance of ${propensity.toFixed(2)}`, ...told];
  }

  /** What follows from what came of a cascade. `outTokens`: of a lane that has ended. */
  next(came: readonly CascadeAnswer[], outTokens: (lane: number) => number): CascadeStep {
    this.#came = came.map((one) => answerOf(one, outTokens));
    const { kind, model } = this.#task.next(this.#came);
    return kind === 'none' ? { kind } : { kind, source: model };
  }

  /** Whom to begin while whoever is asked behind these is at work: who is as likely to be asked next as the operator wants or, side by side, who is worth it. */
  ahead(came: readonly CascadeAnswer[], outTokens: (lane: number) => number): string | undefined {
    const read = came.map((one) => answerOf(one, outTokens));
    if (this.#beside !== undefined) return this.#worthBeside(read);
    const { speculate } = this.#of;
    if (speculate === undefined) return undefined;
    const ahead = this.#task.ahead(read);
    return ahead !== undefined && ahead.chance >= speculate.chance_min ? ahead.model : undefined;
  }

  /** How long one is waited for before the next may begin; undefined: until it has answered. */
  get late_ms(): number | undefined {
    return this.#beside === undefined ? this.#of.speculate?.after_ms : 0;
  }

  /** Who will most likely be asked next, if the time that is saved where it is needed is worth more than what it costs where it is not. */
  #worthBeside(came: readonly RouteAnswer[]): string | undefined {
    const { second_usd, weighed } = this.#of;
    if (second_usd === 0) return undefined;
    const [now, ahead] = [this.#task.next(came), this.#task.ahead(came)];
    if (now.kind !== 'ask' || ahead === undefined) return undefined;
    const [its_own = 0, other = 0] = [now.model, ahead.model].map((model) => weighed.get(model)?.seconds);
    const saved_usd = ahead.chance * Math.min(its_own, other) * second_usd;
    const wasted_usd = ((1 - ahead.chance) * this.#paidNanos(ahead.model)) / NANOS_PER_USD;
    return saved_usd > wasted_usd ? ahead.model : undefined;
  }

  /** What came of one that had begun early. */
  speculated(model: string, outcome: Speculated['outcome']): void {
    this.#speculated.push({ model, outcome });
  }

  /** What had come of a cascade when it was asked last. */
  get came(): readonly RouteAnswer[] {
    return this.#came;
  }

  /** What a word teaches on an answer of whom was asked first that was not heard to its end: how long it would be is not known. */
  get unfinished(): RouteLesson {
    const { model } = this.#task.first;
    const came = [{ kind: 'answer', model, out_tokens: Number.NaN, choice: undefined } as const];
    const { answers, ...rest } = this.#task.record(came, model);
    return lessonOf({ ...rest, answers: answers.map((one) => ({ ...one, out_tokens: 0 })) });
  }

  /** What is put on record of it, and learned from there. */
  decided(
    { call_id, tenant, policy, qos, task_type }: CallHead,
    { outcome, came, taken, cost_usd_nanos, footprint, at_ms }: ChoiceEnd,
  ): RouteDecided {
    const { explores } = this.#of;
    const { first, propensity, tried, quality_usd } = this.#task;
    return {
      type: 'route.decided',
      ...{ call_id, tenant, qos },
      ...(policy !== undefined && { policy }),
      ...(task_type !== undefined && { task_type }),
      ...{ plan: this.plan, first: first.model, propensity, explores, quality_usd },
      candidates: this.#told,
      ...{ tried_usd_nanos: this.#nanosOf(tried), regret_usd_nanos: this.#nanosOf(this.#regret) },
      baseline: this.#baseline(cost_usd_nanos),
      ...(this.#speculated.length > 0 && { speculated: [...this.#speculated] }),
      lesson: lessonOf(this.#task.record(came, taken)),
      ...{ outcome, cost_usd_nanos, ...footprint, at_ms },
    };
  }

  get #told(): RouteDecided['candidates'] {
    this.#told_before ??= this.#namesTold.map((model) => this.#candidate(model));
    return this.#told_before;
  }

  /** Whom savings are told against is always among them: quality is compared with what was thought of it. */
  get #namesTold(): readonly string[] {
    const names = this.order.slice(0, CANDIDATES_TOLD);
    const model = this.#against;
    return names.includes(model) || !this.has(model) ? names : [...names, model];
  }

  #candidate(model: string): RouteDecided['candidates'][number] {
    const { mean, spread, cost, out_tokens } = this.#task.outlookOf(model);
    const cached = this.#of.cached.get(model) ?? 0;
    const weighed = this.#of.weighed.get(model);
    const { energy_joules, co2e_mg } = weighed?.footprint(out_tokens) ?? {};
    const expected_ms = Math.round((weighed?.seconds ?? 0) * 1_000);
    const expected_usd_nanos = this.#paidNanos(model);
    const weighed_usd_nanos = this.#nanosOf(cost);
    return {
      ...{ model, chance: fourDigits(mean), spread: fourDigits(spread), expected_usd_nanos },
      ...(weighed_usd_nanos !== expected_usd_nanos && { weighed_usd_nanos }),
      ...(cached > 0 && { expected_cached_tokens: cached }),
      ...(energy_joules !== undefined && { expected_energy_joules: energy_joules }),
      ...(co2e_mg !== undefined && { expected_co2e_mg: co2e_mg }),
      ...(expected_ms > 0 && { expected_ms }),
    };
  }

  /** Whom the operator tells savings against, else whom it would have cost most to ask. */
  get #against(): string {
    const costOf = (model: string): number => this.#paidNanos(model);
    return this.#of.baseline ?? this.order.reduce((dearest, one) => (costOf(one) > costOf(dearest) ? one : dearest));
  }

  /** Who is named and could not have been asked would not have cost anything else: nothing is saved against it. */
  #baseline(spent_usd_nanos: number): RouteDecided['baseline'] {
    const model = this.#against;
    return { model, expected_usd_nanos: this.has(model) ? this.#paidNanos(model) : spent_usd_nanos };
  }

  /** Of the first alone, against whoever is thought to be worth most: what was given up because something was tried. */
  get #regret(): number {
    const worthOf = (model: string): number => {
      const { mean, cost } = this.#task.outlookOf(model);
      return mean - cost;
    };
    return Math.max(0, Math.max(...this.order.map(worthOf)) - worthOf(this.#task.first.model));
  }

  /** What an answer of one is expected to cost, without what time and carbon are worth. */
  #paidNanos(model: string): number {
    const { cost, out_tokens } = this.#task.outlookOf(model);
    const { in_usd, out_usd_per_token } = this.#of.weighed.get(model)?.beside ?? NOTHING_BESIDE;
    const usd = cost * this.#task.quality_usd - in_usd - out_usd_per_token * out_tokens;
    return Math.round(Math.max(0, usd) * NANOS_PER_USD);
  }

  /** Points of quality, in money. */
  #nanosOf(points: number): number {
    return Math.round(points * this.#task.quality_usd * NANOS_PER_USD);
  }
}

/** A record of the journal as the learner takes it. */
export function recordOf({ features, lineage, topic, kind, answers, taken }: RouteLesson): RouteRecord {
  const read = answers.map((one) => ({ ...one, choice: one.choice, unusable: one.unusable === true }));
  return { features, lineage, topic, ...(isTextKind(kind) && { kind }), answers: read, taken };
}

function lessonOf({ features, lineage, topic, kind, cluster, answers, taken }: RouteRecord): RouteLesson {
  return {
    ...{ features, lineage },
    ...(topic !== undefined && { topic }),
    ...(kind !== undefined && { kind }),
    ...(cluster !== undefined && { cluster }),
    answers: answers.map(({ choice, unusable, ...rest }) => ({
      ...rest,
      ...(choice !== undefined && { choice }),
      ...(unusable && { unusable }),
    })),
    ...(taken !== undefined && { taken }),
  };
}

function answerOf({ lane, source, kind, choice }: CascadeAnswer, outTokens: (lane: number) => number): RouteAnswer {
  if (kind === 'failed') return { kind, model: source };
  if (kind === 'unusable') return { kind, model: source, out_tokens: outTokens(lane) };
  return { kind: 'answer', model: source, out_tokens: outTokens(lane), choice };
}
