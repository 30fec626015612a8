import { agentMetrics, type Config, type MetricRegistry, systemClock, systemTimers } from '@atp-router/adapters';
import { AgentHub, type AgentHubOptions } from './agent-hub.ts';
import { DISPATCH_OUTCOMES } from './exchange-parts.ts';
import { AGENT_FAULTS } from './faults.ts';
import { countStates } from './state.ts';

/** The agents of a router, with their metrics. */
export function openAgentHub(
  registry: MetricRegistry,
  node_id: string,
  config: () => Config,
  router: Pick<
    AgentHubOptions,
    'killed' | 'registry' | 'mayName' | 'onUnreachable' | 'onCapacity' | 'aimd' | 'onNarrowed'
  >,
): AgentHub {
  const hub: AgentHub = new AgentHub({
    ...{ clock: systemClock, timers: systemTimers, node_id },
    providers: () => config().providers,
    limits: () => config().sessions,
    ...router,
    observer: agentMetrics(registry, DISPATCH_OUTCOMES, Object.keys(AGENT_FAULTS), () => countStates(hub.roster.all())),
  });
  return hub;
}
