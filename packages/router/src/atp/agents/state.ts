import type { AgentState } from '@atp-router/adapters';
import { reasonOf } from './compliance.ts';
import { AGENT_FAULTS } from './faults.ts';
import { UNWELL } from './health.ts';
import type { AgentInstance } from './roster.ts';

/** In which one state an agent is: the first that keeps work from it. */
export function stateOf({ compliance, is_connected, health, status }: AgentInstance): AgentState {
  if (compliance.kind === 'non_compliant') return 'non_compliant';
  if (!is_connected) return 'away';
  if (health !== undefined && UNWELL.has(health.status)) return 'unwell';
  return status === 'READY' ? 'ready' : 'busy';
}

export function countStates(agents: readonly AgentInstance[]): Readonly<Record<AgentState, number>> {
  const counts = { ready: 0, busy: 0, unwell: 0, away: 0, non_compliant: 0 };
  for (const agent of agents) counts[stateOf(agent)] += 1;
  return counts;
}

/** What the operator is shown of an agent. `window`: dispatches that it may have at a time, where trouble has narrowed that. */
export function agentView(agent: AgentInstance, routes: readonly string[], window: number | undefined): object {
  const { id, tenant, key_id, capability, since_ms, is_connected, status, suggested_window, health, load } = agent;
  const { kind, strikes } = agent.compliance;
  return {
    ...{
      id,
      adapter_id: capability.adapter_id,
      tenant,
      key_id,
      routes,
      state: stateOf(agent),
      connected: is_connected,
    },
    ...{ adapter_type: capability.adapter_type, capabilities: capability.capabilities, version: capability.version },
    ...{ max_tokens: capability.max_tokens ?? null, usd_micros_per_mtok: capability.price ?? null, since_ms },
    ...{ status, suggested_window, window: window ?? null, in_flight: load },
    health: health === undefined ? null : healthView(health),
    compliance: {
      is_compliant: kind === 'compliant',
      reason: strikes.length === 0 ? null : reasonOf(agent.compliance),
      strikes: strikes.map(({ fault, at_ms }) => ({ fault, sentence: AGENT_FAULTS[fault].sentence, at_ms })),
    },
  };
}

function healthView({
  status,
  p50_ms,
  p95_ms,
  error_rate,
  queue_depth,
  at_ms,
}: NonNullable<AgentInstance['health']>): object {
  return {
    ...{ status, at_ms, p50_ms: p50_ms ?? null, p95_ms: p95_ms ?? null },
    ...{ error_rate: error_rate ?? null, queue_depth: queue_depth ?? null },
  };
}
