import type { MetricRegistry } from './registry.ts';

/** How old what is known of intensities is. `age_s`: undefined where there is no source, or it was never read. */
export function registerCarbonGauge(registry: MetricRegistry, age_s: () => number | undefined): void {
  registry.live({
    name: 'atp_carbon_source_age_seconds',
    type: 'gauge',
    help: 'Since `carbon.source` was read; absent before it was.',
    read: () => {
      const value = age_s();
      return value === undefined ? [] : [{ labels: [], value }];
    },
  });
}
