import type { ProviderConfig, UpstreamCaller, UpstreamHandler, UpstreamRequest } from '@atp-router/adapters';
import type { WindowSign } from '@atp-router/flow';
import { letsGoldBeyond } from '../../generation/suggestions.ts';
import type { Dispatched } from './agent-capacity.ts';
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
  const place = placeOf(hub, id, dispatchedOf(provider, caller), check === undefined);
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
    onOutcome: (outcome, sign) => {
      place.leave(sign);
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
    beyond: goesBeyond(provider, caller),
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
  dispatched: Dispatched,
  counts: boolean,
): { take(): void; leave(sign?: WindowSign): void } {
  let is_taken = false;
  return {
    take: () => {
      is_taken = counts;
      if (counts) capacity.began(id, dispatched);
    },
    leave: (sign) => {
      if (is_taken) capacity.ended(id, dispatched, sign);
      is_taken = false;
    },
  };
}

function dispatchedOf({ id }: ProviderConfig, { upstream_model, tier, qos }: UpstreamCaller): Dispatched {
  return { provider: id, upstream_model, tier: tier ?? qos };
}

/** Whether what agents suggest does not bind the attempt: it is served as gold, and its operator lets gold go beyond. */
export function goesBeyond(provider: ProviderConfig, { tier, qos }: UpstreamCaller): boolean {
  return letsGoldBeyond(provider) && (tier ?? qos) === 'gold';
}

export function blamedOf({ id, agent }: ProviderConfig, upstream_model: string): Blamed {
  return { provider: id, agent: upstream_model, counts_for_breaker: agent?.shared === true };
}
