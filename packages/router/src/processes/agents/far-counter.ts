import type { MetricRegistry } from '@atp-router/adapters';
import { FAR_OUTCOMES, type FarOutcome } from './far-exchange.ts';

/** Counts what was given to agents at other processes. */
export function farCounter(registry: MetricRegistry): (outcome: FarOutcome) => void {
  const counter = registry.counter({
    name: 'atp_agent_dispatches_elsewhere_total',
    help: 'Attempts that were given to agents which are connected to another process, by how they ended here.',
    labels: ['outcome'],
  });
  // An increase from nothing is no increase to Prometheus.
  const by_outcome = new Map(FAR_OUTCOMES.map((outcome) => [outcome, counter.series(outcome)]));
  return (outcome) => by_outcome.get(outcome)?.inc();
}
