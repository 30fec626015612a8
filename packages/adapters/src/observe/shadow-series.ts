import type { ModelMoved, ShadowCompared } from '@atp-router/ledger';
import { type Counter, type Histogram, Lazy, PairTable } from './instruments.ts';
import type { MetricRegistry } from './registry.ts';

/** Of a whole: 0 is the champion's own answer. */
const GAPS: readonly number[] = [0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1];
/** Of what the champion took: below 1 the shadow is better. */
const RATIOS: readonly number[] = [0.1, 0.25, 0.5, 0.7, 0.9, 1, 1.1, 1.25, 1.5, 2, 4, 10];
/** Shadows that have series of their own; those behind them share one. */
const MODELS = { per_first: 200, total: 800 };
const HISTOGRAMS = { per_first: 100, total: 300 };

/** Metrics of shadow models, each from the record of one comparison, and of moves between statuses. */
export class ShadowSeries {
  readonly #compared: PairTable<Counter>;
  readonly #gaps: PairTable<Histogram>;
  readonly #moves: Lazy<Lazy<Counter>>;

  constructor(registry: MetricRegistry) {
    const compared = registry.counter({
      ...{ name: 'atp_shadow_compared_total', labels: ['result', 'model'] },
      help: 'Answers of shadow models that were held against those that clients got: `agrees`, `differs`, `unreadable` (not in the form of the other), `failed` (no whole answer).',
    });
    this.#compared = new PairTable((result, model) => compared.series(result, model), MODELS);
    const of = (name: string, help: string, buckets: readonly number[]) =>
      registry.histogram({ name, help, labels: ['model'], buckets });
    const series = {
      quality: of(
        'atp_shadow_quality_gap',
        'How far the answer of a shadow model is from the one that the client got: 0 the same, 1 nothing in common.',
        GAPS,
      ),
      latency: of('atp_shadow_latency_ratio', 'Latency of a shadow model over that of the other.', RATIOS),
      cost: of('atp_shadow_cost_ratio', 'Cost of a shadow model over that of the other, where both are known.', RATIOS),
    };
    this.#gaps = new PairTable((gap, model) => series[gap as keyof typeof series].series(model), HISTOGRAMS);
    const moves = registry.counter({
      ...{ name: 'atp_model_moves_total', labels: ['to', 'cause'] },
      help: 'Changes of the status of models at run time, by what they became and why.',
    });
    this.#moves = new Lazy((to) => new Lazy((cause) => moves.series(to, cause)));
  }

  compared(event: ShadowCompared): void {
    const { challenger, agreement, latency_ms, champion_latency_ms } = event;
    this.#compared.get(resultOf(event), challenger).inc();
    if (!event.is_whole) return;
    this.#gaps.get('quality', challenger).observe(1 - agreement);
    if (champion_latency_ms > 0) this.#gaps.get('latency', challenger).observe(latency_ms / champion_latency_ms);
    const { is_priced, cost_usd_nanos, champion_cost_usd_nanos } = event;
    if (is_priced && champion_cost_usd_nanos > 0) {
      this.#gaps.get('cost', challenger).observe(cost_usd_nanos / champion_cost_usd_nanos);
    }
  }

  moved({ to, cause }: ModelMoved): void {
    this.#moves.get(to).get(cause).inc();
  }
}

function resultOf({ is_whole, is_readable, agrees }: ShadowCompared): string {
  if (!is_whole) return 'failed';
  if (!is_readable) return 'unreadable';
  return agrees ? 'agrees' : 'differs';
}
