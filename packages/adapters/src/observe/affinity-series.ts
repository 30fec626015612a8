import { PROVIDER_MODELS } from './call-series.ts';
import { type Counter, PairTable } from './instruments.ts';
import type { MetricRegistry } from './registry.ts';

/** Metrics of warm prompt caches: what was expected of them, and what came. */
export class AffinitySeries {
  readonly #table: PairTable<{ readonly expected: Counter; readonly cached: Counter }>;

  constructor(registry: MetricRegistry) {
    const labels = ['provider', 'model'];
    const expected = registry.counter({
      ...{ name: 'atp_affinity_expected_tokens_total', labels },
      help: 'Tokens of prompts that were expected in the prompt cache of where they were sent, of attempts that affinity follows.',
    });
    const cached = registry.counter({
      ...{ name: 'atp_affinity_cached_tokens_total', labels },
      help: 'Tokens of the same prompts that providers say they have read from their caches.',
    });
    this.#table = new PairTable(
      (provider, model) => ({ expected: expected.series(provider, model), cached: cached.series(provider, model) }),
      PROVIDER_MODELS,
    );
  }

  told(provider: string, model: string, expected: number, cached: number): void {
    const series = this.#table.get(provider, model);
    series.expected.inc(expected);
    series.cached.inc(cached);
  }
}
