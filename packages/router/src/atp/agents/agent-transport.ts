import type {
  ProviderConfig,
  UpstreamCaller,
  UpstreamExchange,
  UpstreamHandler,
  UpstreamRequest,
  UpstreamTransport,
} from '@atp-router/adapters';
import { AgentExchange } from './agent-exchange.ts';
import type { ExchangeEvents } from './exchange-parts.ts';
import { admission } from './admission.ts';
import type { AgentHub, ReachableAgent } from './agent-hub.ts';
import type { Nobody } from './roster.ts';
import { type Blamed, nobody } from './verdicts.ts';

/** Sessions that refused although they had said they would take a stream: each candidate is asked once. */
const TRIES_MAX = 8;

/** The agents of one provider in place of a socket: each attempt goes to one of those that may serve its tenant. */
export class AgentTransport implements UpstreamTransport {
  readonly #hub: AgentHub;
  readonly #provider: ProviderConfig;

  constructor(hub: AgentHub, provider: ProviderConfig) {
    this.#hub = hub;
    this.#provider = provider;
  }

  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamExchange {
    const { caller } = request;
    if (caller === undefined) return this.#list(handler);
    let why: Nobody = 'busy';
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const choice = this.#hub.roster.pick({
        ...{ tenant: caller.tenant, upstream_model: caller.upstream_model, ...caller.expected },
        admits: this.#hub.admits(this.#provider, caller.tenant),
        takes: (id) => this.#hub.takes(id),
        now_ms: this.#hub.options.clock.now_ms(),
      });
      if (!choice.ok) {
        why = choice.why;
        break;
      }
      const reached = this.#hub.reach(choice.agent.id);
      const exchange = reached && exchangeWith(this.#hub, this.#provider, reached, request, caller, handler);
      if (exchange?.begin() === true) return exchange;
    }
    const verdict = nobody(why, blamedOf(this.#provider, caller.upstream_model));
    handler.onFail({ kind: 'connect', cause: verdict.error, verdict });
    return NO_EXCHANGE;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The operator asks who is there. */
  #list(handler: UpstreamHandler): UpstreamExchange {
    const there = this.#hub.roster.all().filter((one) => admission(this.#provider, one.tenant)(one.tenant, one.key_id));
    const names = new Set(there.flatMap(({ capability }) => [capability.adapter_id, ...capability.models]));
    handler.onSent?.();
    handler.onHead(200, { get: (name) => (name === 'content-type' ? 'application/json' : undefined) });
    handler.onData(Buffer.from(JSON.stringify({ data: [...names].sort().map((id) => ({ id })) })));
    handler.onEnd();
    return NO_EXCHANGE;
  }
}

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

function blamedOf({ id, agent }: ProviderConfig, upstream_model: string): Blamed {
  return { provider: id, agent: upstream_model, counts_for_breaker: agent?.shared === true };
}

const NO_EXCHANGE: UpstreamExchange = { cancel: () => undefined, pause: () => undefined, resume: () => undefined };
