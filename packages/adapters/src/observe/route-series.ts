import { NANOS_PER_MICRO } from '@atp-router/kernel';
import type { RouteDecided, RouteDrifted, RouteFeedback } from '@atp-router/ledger';
import { type Counter, type Histogram, Lazy, PairTable } from './instruments.ts';
import type { MetricRegistry } from './registry.ts';
import { USD_MICROS } from './usd-buckets.ts';

/** Models that have series of their own, each first and taken; those behind them share one. */
const MODELS = { per_first: 200, total: 400 };

/** Metrics of what `auto` chooses, each from the record of one call. */
export class RouteSeries {
  /** By plan, then outcome. */
  readonly #decisions: Lazy<Lazy<Counter>>;
  readonly #models: PairTable<Counter>;
  readonly #explored: Counter;
  readonly #further: Counter;
  readonly #cost: Lazy<Histogram>;
  readonly #feedback: Lazy<Counter>;
  readonly #drifts: PairTable<Counter>;
  readonly #speculations: Lazy<Counter>;
  readonly #spent: Counter;
  readonly #baseline: Counter;
  readonly #tried: Counter;
  readonly #regret: Counter;

  constructor(registry: MetricRegistry) {
    const decisions = registry.counter({
      ...{ name: 'atp_route_decisions_total', labels: ['plan', 'outcome'] },
      help: 'Calls that `auto` chose for: `single`, one was asked; `cascade`, answers were looked at first; `fanout`, two began side by side.',
    });
    this.#decisions = new Lazy((plan) => new Lazy((outcome) => decisions.series(plan, outcome)));
    const models = registry.counter({
      ...{ name: 'atp_route_models_total', labels: ['part', 'model'] },
      help: 'Models that `auto` asked first (`first`), and whose answer was the result (`taken`).',
    });
    this.#models = new PairTable((part, model) => models.series(part, model), MODELS);
    const plain = (name: string, help: string): Counter => registry.counter({ name, help }).series();
    this.#explored = plain('atp_route_unsure_total', 'Calls for which another first move was as likely, or nearly so.');
    this.#further = plain('atp_route_escalations_total', 'Models that were asked behind the first of a cascade.');
    this.#spent = plain(
      'atp_route_spent_usd_micros_total',
      'What calls cost that `auto` chose for and that ended well.',
    );
    this.#baseline = plain(
      'atp_route_baseline_usd_micros_total',
      'What the same calls were expected to cost with the model that savings are told against (`routing.baseline`, else the dearest).',
    );
    this.#tried = plain(
      'atp_route_tried_usd_micros_total',
      'What was expected to cost more because something was tried.',
    );
    this.#regret = plain(
      'atp_route_regret_usd_micros_total',
      'What asking the first model alone was expected to be worth less than asking the best alone, in money.',
    );
    const cost = registry.histogram({
      ...{ name: 'atp_route_cost_usd_micros', labels: ['plan'], buckets: USD_MICROS },
      help: 'Cost of a call that `auto` chose for, in micro-dollars, all attempts together.',
    });
    this.#cost = new Lazy((plan) => cost.series(plan));
    const feedback = registry.counter({
      ...{ name: 'atp_route_feedback_total', labels: ['right'] },
      help: 'Feedback on such calls, by whether the result was more right than wrong.',
    });
    this.#feedback = new Lazy((right) => feedback.series(right));
    const drifts = registry.counter({
      ...{ name: 'atp_route_drifts_total', labels: ['direction', 'model'] },
      help: 'Times that results of a model were worse or better than expected for so long that what was known of it was put aside.',
    });
    const speculations = registry.counter({
      ...{ name: 'atp_route_speculations_total', labels: ['outcome'] },
      help: 'Models of cascades that began early: `accepted`, the answer before was taken without them; `rejected`, they were needed.',
    });
    this.#speculations = new Lazy((outcome) => speculations.series(outcome));
    this.#drifts = new PairTable((direction, model) => drifts.series(direction, model), MODELS);
  }

  decided(event: RouteDecided): void {
    const { plan, outcome, first, propensity, lesson, cost_usd_nanos } = event;
    this.#decisions.get(plan).get(outcome).inc();
    this.#models.get('first', first).inc();
    if (lesson.taken !== undefined) this.#models.get('taken', lesson.taken).inc();
    if (propensity < 1) this.#explored.inc();
    if (plan !== 'single') this.#further.inc(Math.max(0, lesson.answers.length - 1));
    this.#cost.get(plan).observe(cost_usd_nanos / NANOS_PER_MICRO);
    this.#tried.inc(event.tried_usd_nanos / NANOS_PER_MICRO);
    this.#regret.inc(event.regret_usd_nanos / NANOS_PER_MICRO);
    for (const one of event.speculated ?? []) this.#speculations.get(one.outcome).inc();
    if (outcome !== 'ok') return;
    this.#spent.inc(cost_usd_nanos / NANOS_PER_MICRO);
    this.#baseline.inc(event.baseline.expected_usd_nanos / NANOS_PER_MICRO);
  }

  drifted({ direction, model }: RouteDrifted): void {
    this.#drifts.get(direction, model).inc();
  }

  feedback({ right, by }: RouteFeedback): void {
    // What no person says is counted where it is made.
    if (by !== undefined) return;
    this.#feedback.get(right >= 0.5 ? 'yes' : 'no').inc();
  }
}
