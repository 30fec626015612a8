import { Lazy } from './instruments.ts';
import type { MetricRegistry } from './registry.ts';

/** States of an agent that is or was connected; each is in one of them. */
export const AGENT_STATES = ['ready', 'busy', 'unwell', 'away', 'non_compliant'] as const;

export type AgentState = (typeof AGENT_STATES)[number];

/** An agent that is healthy answers an estimate at once; beyond the last it is given up by default. */
const ESTIMATE_SECONDS: readonly number[] = [0.001, 0.005, 0.02, 0.1, 0.5, 1, 2, 5];

/** What is counted of agents. Labels are words of the router; names of agents are strangers' and stand in no label. */
export interface AgentMetrics {
  dispatched(outcome: string): void;
  estimated(seconds: number): void;
  struck(fault: string): void;
}

/** Adds the metrics of agents that dial in. `outcomes` and `faults` are all that there are. */
export function agentMetrics(
  registry: MetricRegistry,
  outcomes: readonly string[],
  faults: readonly string[],
  states: () => Readonly<Record<AgentState, number>>,
): AgentMetrics {
  const dispatches = registry.counter({
    name: 'atp_agent_dispatches_total',
    help: 'Attempts that were given to agents that dial in, by how they ended.',
    labels: ['outcome'],
  });
  const strikes = registry.counter({
    name: 'atp_agent_strikes_total',
    help: 'Rules that agents broke, by which.',
    labels: ['fault'],
  });
  const estimates = registry
    .histogram({
      name: 'atp_agent_estimate_seconds',
      help: 'From the question what a task will need to the answer of an agent.',
      buckets: ESTIMATE_SECONDS,
    })
    .series();
  registry.live({
    name: 'atp_agents',
    type: 'gauge',
    help: 'Agents that are connected or may come back, by state.',
    labels: ['state'],
    read: () => Object.entries(states()).map(([state, value]) => ({ labels: [state], value })),
  });
  const by_outcome = new Lazy((outcome: string) => dispatches.series(outcome));
  const by_fault = new Lazy((fault: string) => strikes.series(fault));
  // An increase from nothing is no increase to Prometheus.
  for (const outcome of outcomes) by_outcome.get(outcome);
  for (const fault of faults) by_fault.get(fault);
  return {
    dispatched: (outcome) => by_outcome.get(outcome).inc(),
    estimated: (seconds) => estimates.observe(seconds),
    struck: (fault) => by_fault.get(fault).inc(),
  };
}
