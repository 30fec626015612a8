import type { AgentMetrics, ProviderConfig } from '@atp-router/adapters';
import type { AimdOptions, AimdTrouble } from '@atp-router/flow';
import type { Clock, Price, Timers } from '@atp-router/kernel';
import { type AdapterCapabilityContent, errorPayload, type Payload } from '@atp-router/wire';
import type { Offered } from '@atp-router/routing';
import type { Target } from '../../engine/target.ts';
import type { PeerOf } from '../session-peer.ts';
import { AgentPeer } from './agent-peer.ts';
import { admission, isOpenTo } from './admission.ts';
import { type AgentCapability, readCapability } from './capability.ts';
import type { ComplianceEvent } from './compliance.ts';
import { type ConnectedModel, connectedModels, dearest, offeredOf } from './connected.ts';
import { AgentCapacity } from './agent-capacity.ts';
import { type AgentsElsewhere, NOWHERE } from './elsewhere.ts';
import { type AgentInstance, type AgentLimits, AgentRoster } from './roster.ts';
import { type AgentRegistry, isBehind, type RouteParts, routesTo, tooLong, whyUnreachable } from './routes.ts';

/** A session as its agent belongs to somebody. */
export interface AgentOwner {
  readonly tenant: string;
  readonly key_id: string;
  readonly session_id: string;
}

export interface AgentHubOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly node_id: string;
  /** The configuration in force. */
  readonly providers: () => readonly ProviderConfig[];
  readonly limits: () => AgentLimits;
  /** Whether an operator has switched the key, or its tenant, off. */
  readonly killed: (tenant: string, key_id: string) => boolean;
  readonly observer: AgentMetrics;
  /** What names of models lead to. */
  readonly registry: () => AgentRegistry;
  readonly mayName: (tenant: string, name: string) => boolean;
  /** For the operator: calls would not reach an agent that has come. */
  readonly onUnreachable: (words: string) => void;
  /** How many calls agents take now at an account of their deployment; `Infinity`: they do not limit it. */
  readonly onCapacity?: (account: string, calls: number) => void;
  /** How windows of agents follow what comes back; undefined: they do not. */
  readonly aimd?: () => AimdOptions | undefined;
  /** Trouble has narrowed the window of an agent. */
  readonly onNarrowed?: (trouble: AimdTrouble) => void;
}

/** An agent with the session that it is reached by. */
export interface ReachableAgent {
  readonly agent: AgentInstance;
  readonly peer: AgentPeer;
  readonly session_id: string;
}

/** The agents of this process, and those of others: who they are, how they are reached, and whom they may serve. */
export class AgentHub {
  readonly options: AgentHubOptions;
  readonly roster: AgentRoster = new AgentRoster((agent) => this.capacity.changed(agent));
  readonly capacity: AgentCapacity;
  readonly #peers: Map<string, { readonly peer: AgentPeer; readonly session_id: string }> = new Map();
  readonly #told: Set<string> = new Set();
  #elsewhere: AgentsElsewhere = NOWHERE;
  #count = 0;

  constructor(options: AgentHubOptions) {
    this.options = options;
    const { clock, timers, providers, killed, onCapacity, aimd, onNarrowed } = options;
    this.capacity = new AgentCapacity({
      ...{ clock, timers, providers, killed },
      agents: () => this.roster.all(),
      agent: (id) => this.roster.get(id),
      room: (id, beyond) => this.#peers.get(id)?.peer.room(beyond) ?? 0,
      width: (id, beyond) => this.#peers.get(id)?.peer.width(beyond) ?? 0,
      aimd: () => aimd?.(),
      onNarrowed: (trouble) => onNarrowed?.(trouble),
      limit: (account, calls) => onCapacity?.(account, calls),
      told: (id) => this.#elsewhere.changed(id),
    });
  }

  get elsewhere(): AgentsElsewhere {
    return this.#elsewhere;
  }

  /** This process is one of several. */
  join(elsewhere: AgentsElsewhere): void {
    this.#elsewhere = elsewhere;
  }

  /** Here and elsewhere. */
  all(): readonly AgentInstance[] {
    const others = this.#elsewhere.agents;
    return others.length === 0 ? this.roster.all() : [...this.roster.all(), ...others];
  }

  /** Dispatches that an instance of this process takes now. `beyond`: also more than it suggests. */
  room(id: string, beyond: boolean): number {
    return this.#peers.get(id)?.peer.takes(beyond) === true ? this.capacity.room(id, beyond) : 0;
  }

  /** Dispatches that an instance may have at a time; undefined while nothing narrows what its session has. */
  window(id: string): number | undefined {
    return this.#peers.has(id) ? this.capacity.window(id) : this.#elsewhere.window(id);
  }

  /** What stands behind a session of this owner. */
  peerOf(owner: AgentOwner): PeerOf {
    this.#count += 1;
    const id = `agent_${this.#count}`;
    return (driver) => {
      const peer: AgentPeer = new AgentPeer(driver, {
        onCapability: (content) => this.#advertised(id, owner, peer, content),
        onHealth: (content) => this.roster.health(id, content, this.options.clock.now_ms()),
        onStatus: () => this.#said(id, peer),
        onRoom: () => this.capacity.roomChanged(id),
        onCrowded: () => this.capacity.crowded(id),
        onConnection: (is_connected) => this.roster.connected(id, is_connected),
        onUnreadable: () => this.roster.remember(id, this.options.clock.now_ms()),
        onClosed: () => {
          this.roster.remove(id);
          this.capacity.removed(id);
          this.#peers.delete(id);
        },
      });
      return peer;
    };
  }

  reach(id: string): ReachableAgent | undefined {
    const agent = this.roster.get(id);
    const found = this.#peers.get(id);
    return agent === undefined || found === undefined ? undefined : { agent, ...found };
  }

  /** Which agents may see what this tenant asks of the provider now. */
  admits(provider: ProviderConfig, asking: string): (tenant: string, key_id: string) => boolean {
    const admits = admission(provider, asking);
    return (tenant, key_id) => admits(tenant, key_id) && !this.options.killed(tenant, key_id);
  }

  /** What `auto` may choose for the tenant. Each such call asks: where no operator allows it, nobody is looked at. */
  offered(tenant: string): Offered[] {
    return offeredOf(this.connected(tenant, ({ agent }) => agent?.auto === true));
  }

  /** By which names calls of the tenant reach agents that are connected, at providers that are `wanted`. */
  connected(tenant: string, wanted: (provider: ProviderConfig) => boolean = () => true): ConnectedModel[] {
    const providers = this.options.providers().filter((one) => one.type === 'agent' && wanted(one));
    const agents = providers.length === 0 ? [] : this.all();
    if (agents.length === 0) return [];
    return providers.flatMap((provider) => {
      const admits = this.admits(provider, tenant);
      return connectedModels(
        provider,
        agents.filter((one) => admits(one.tenant, one.key_id)),
      );
    });
  }

  /** Whether an instance takes one more now, here or elsewhere. `beyond`: also more than it suggests. */
  takes(id: string, beyond: boolean): boolean {
    return this.#peers.has(id) ? this.room(id, beyond) > 0 : this.#elsewhere.takes(id, beyond);
  }

  /** Whether an instance takes none now, and will soon: see `AgentCapacity.isShort`. As far as is known here. */
  isShort(id: string, beyond: boolean, gold_overrides: boolean): boolean {
    if (this.#peers.has(id)) return this.capacity.isShort(id, beyond, gold_overrides);
    return this.#elsewhere.isShort(id, beyond || gold_overrides);
  }

  judge(id: string, event: ComplianceEvent): void {
    if (event.type === 'fault') this.options.observer.struck(event.fault);
    this.roster.judge(id, event, this.options.clock.now_ms());
  }

  /**
   * A target of agents without a price of its own costs what those agents say, where the operator allows it.
   */
  priced(target: Target, tenant: string): Target {
    if (target.description.kind !== 'agent' || target.model.price !== undefined) return target;
    const provider = this.options.providers().find(({ id }) => id === target.provider.id);
    if (provider?.agent?.advertised_prices !== true) return target;
    const price = this.#advertisedPrice(provider, tenant, target.model.upstream_model);
    return price === undefined ? target : { ...target, model: { ...target.model, price } };
  }

  #advertisedPrice(provider: ProviderConfig, tenant: string, upstream_model: string): Price | undefined {
    const wanted = { upstream_model, admits: this.admits(provider, tenant) };
    const found = this.roster.candidates(wanted, this.#elsewhere.agents);
    return dearest(found.map(({ capability }) => capability));
  }

  #advertised(id: string, owner: AgentOwner, peer: AgentPeer, content: AdapterCapabilityContent): Payload {
    const capability = readCapability(content);
    if (typeof capability === 'string') return refusal('EPROTO', capability, content.adapter_id);
    const parts = this.#routeParts(owner);
    const routes = routesTo(capability, parts);
    const too_long = tooLong(routes);
    if (too_long !== undefined) return refusal('EPROTO', too_long, content.adapter_id);
    if (routes.length === 0 && !isBehind(capability, parts)) return this.#unreachable(owner, capability, parts);
    const why = this.roster.advertise(id, owner, capability, this.#limits(owner.tenant), this.options.clock.now_ms());
    if (why === 'one_per_session') return refusal('EPOLICY', WORDS[why], content.adapter_id);
    if (why !== undefined) return refusal('EWINDOW', WORDS[why], content.adapter_id);
    this.#peers.set(id, { peer, session_id: owner.session_id });
    this.#said(id, peer);
    // Only now it can be reached.
    this.capacity.roomChanged(id);
    return { type: 'adapter.accepted', content: { adapter_id: capability.adapter_id, routes } };
  }

  /** What those at other processes leave: two that come at once at two of them may both be taken. */
  #limits(tenant: string): AgentLimits {
    const { max_agents, max_agents_per_tenant } = this.options.limits();
    const others = this.#elsewhere.agents;
    const of_tenant = others.filter((one) => one.tenant === tenant);
    return {
      max_agents: max_agents - others.length,
      max_agents_per_tenant: max_agents_per_tenant - of_tenant.length,
    };
  }

  /** A session tells what an agent said of itself at once, and may do so before the agent is known. */
  #said(id: string, { said }: AgentPeer): void {
    if (said !== undefined) this.roster.said(id, said.status, said.suggested_window);
  }

  /** Names of models by which calls come to it, as the configuration is now. */
  routesOf({ capability, ...owner }: Pick<AgentInstance, 'tenant' | 'key_id' | 'capability'>): string[] {
    return routesTo(capability, this.#routeParts(owner));
  }

  #routeParts({ tenant, key_id }: Pick<AgentOwner, 'tenant' | 'key_id'>): RouteParts {
    const { providers, registry, mayName } = this.options;
    return {
      providers: providers().filter((one) => isOpenTo(one, tenant, key_id)),
      registry: registry(),
      mayName: (name) => mayName(tenant, name),
    };
  }

  /** What stands in the configuration is its operator's to mend, who is told of each key once. */
  #unreachable(owner: AgentOwner, capability: AgentCapability, parts: RouteParts): Payload {
    const has_providers = this.options.providers().some(({ type }) => type === 'agent');
    const words = whyUnreachable(capability, parts, owner, has_providers);
    const who = `${owner.tenant}/${owner.key_id}`;
    if (parts.providers.length > 0 && !this.#told.has(who)) {
      this.#told.add(who);
      const [first] = this.#told;
      if (this.#told.size > TOLD_MAX && first !== undefined) this.#told.delete(first);
      this.options.onUnreachable(`An agent of key "${who}" was refused. ${words}`);
    }
    return refusal('EPOLICY', words, capability.adapter_id);
  }
}

/** Owners that the operator has been told of; beyond, the first are forgotten, and may be told of again. */
const TOLD_MAX = 1_024;

const WORDS = {
  one_per_session: 'A session has one agent. Open another session for another "adapter_id".',
  too_many: 'The router has as many agents as it may have (sessions.max_agents).',
  too_many_of_tenant: 'The tenant has as many agents as it may have (sessions.max_agents_per_tenant).',
};

function refusal(code: 'EPROTO' | 'EPOLICY' | 'EWINDOW', reason: string, adapter_id: string): Payload {
  return errorPayload(code, { reason, details: { adapter_id } });
}
