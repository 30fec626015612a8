import type { ProviderConfig, UpstreamCaller, UpstreamHandler, UpstreamRequest } from '@atp-router/adapters';
import { AgentExchange } from './agent-exchange.ts';
import type { AgentHub, ReachableAgent } from './agent-hub.ts';
import type { ExchangeEvents } from './exchange-parts.ts';
import type { Blamed } from './verdicts.ts';

/** The exchange with one agent, not begun. `check`: it only checks the agent, and this is told of it as well. */
export function exchangeWith(
  hub: AgentHub,
  provider: ProviderConfig,
  { agent, peer, session_id }: ReachableAgent,
  request: UpstreamRequest,
  caller: UpstreamCaller,
  handler: UpstreamHandler,
  check?: Partial<ExchangeEvents>,
): AgentExchange {
  const { clock, timers, node_id, observer } = hub.options;
  const { id } = agent;
  // A check has no place in its deployment's account.
  const place = placeOf(hub, id, provider.id, caller.upstream_model, check === undefined);
  const events: ExchangeEvents = {
    onBegin: (share) => {
      place.take();
      hub.roster.begin(id, share);
    },
    onShare: (was, is) => hub.roster.adjust(id, was, is),
    onEnd: (share) => {
      place.leave();
      hub.roster.end(id, share);
      check?.onEnd?.(share);
    },
    onGivenUp: () => hub.roster.givenUp(id),
    onFault: (fault) => {
      hub.judge(id, { type: 'fault', fault });
      check?.onFault?.(fault);
    },
    onEstimate: (latency_ms, estimate) => {
      observer.estimated(latency_ms / 1_000);
      check?.onEstimate?.(latency_ms, estimate);
    },
    onOutcome: (outcome) => {
      place.leave();
      if (check === undefined) observer.dispatched(outcome);
      else check.onOutcome?.(outcome);
    },
  };
  const { estimate_timeout_ms = 5_000, reconnect_wait_ms = 2_000 } = provider.agent ?? {};
  const blamed = blamedOf(provider, caller.upstream_model);
  const parts = {
    clock,
    timers,
    agent,
    peer,
    session_id,
    node_id,
    estimate_timeout_ms,
    reconnect_wait_ms,
    check: check !== undefined,
    events,
    blamed,
  };
  return new AgentExchange(parts, request, caller, handler);
}

/** What a dispatch counts for at its agent, from its begin until its call is told how it ended. */
function placeOf(
  { capacity }: AgentHub,
  id: string,
  provider: string,
  upstream_model: string,
  counts: boolean,
): { take(): void; leave(): void } {
  let is_taken = false;
  return {
    take: () => {
      is_taken = counts;
      if (counts) capacity.began(id, provider, upstream_model);
    },
    leave: () => {
      if (is_taken) capacity.ended(id, provider, upstream_model);
      is_taken = false;
    },
  };
}

export function blamedOf({ id, agent }: ProviderConfig, upstream_model: string): Blamed {
  return { provider: id, agent: upstream_model, counts_for_breaker: agent?.shared === true };
}
