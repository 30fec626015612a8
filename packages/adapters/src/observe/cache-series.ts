import { TENANT_MODELS } from './call-series.ts';
import { type Counter, PairTable } from './instruments.ts';
import type { MetricRegistry } from './registry.ts';

/** Metrics of answers that are kept to be given again. */
export class CacheSeries {
  readonly #looked: PairTable<Counter>;

  constructor(registry: MetricRegistry) {
    const looked = registry.counter({
      ...{ name: 'atp_cache_requests_total', labels: ['tenant', 'outcome'] },
      help: 'Requests that the cache of answers was asked for: `exact`, `similar`, answered from it; `miss`, asked; of these `compared_same` and `compared_different`, by whether a similar text had got the same.',
    });
    this.#looked = new PairTable((tenant, outcome) => looked.series(tenant, outcome), TENANT_MODELS);
  }

  looked(tenant: string, outcome: string): void {
    this.#looked.get(tenant, outcome).inc();
  }
}
