import type { ProviderConfig } from '@atp-router/adapters';
import type { Timer, Timers } from '@atp-router/kernel';
import { SESSION_LIMITS } from '@atp-router/session';
import { deploymentAccount } from '../../generation/accounts.ts';
import { isOpenTo } from './admission.ts';
import type { AgentInstance } from './roster.ts';
import { stateOf } from './state.ts';

/** Deployments that agents limit; calls of a further one are not held back, and fail where nobody takes them. */
const DEPLOYMENTS_MAX = 4_096;

export interface AgentCapacityParts {
  readonly timers: Timers;
  readonly providers: () => readonly ProviderConfig[];
  readonly agents: () => readonly AgentInstance[];
  readonly agent: (id: string) => AgentInstance | undefined;
  /** Streams that the session of an instance takes now, beside those that are open. */
  readonly room: (id: string) => number;
  readonly killed: (tenant: string, key_id: string) => boolean;
  /** A deployment may have so many calls in flight; `Infinity`: its agents do not limit it. */
  readonly limit: (account: string, calls: number) => void;
  /** Something of an instance has changed, or it is gone. */
  readonly told?: (id: string) => void;
}

/** What one instance adds to a deployment. */
interface Part {
  readonly calls: number;
  /** It will take work, if not now. */
  readonly is_there: boolean;
}

interface Deployment {
  readonly parts: Map<string, Part>;
  calls: number;
  there: number;
}

/**
 * How many calls the agents of each deployment can take: those that they work on, and the streams that are free. Calls beyond
 * wait for their turn instead of finding all agents busy. Only where agents are shared: whose calls a tenant's own agents
 * take, an account of all tenants does not know.
 */
export class AgentCapacity {
  readonly #parts: AgentCapacityParts;
  readonly #deployments: Map<string, Deployment> = new Map();
  /** Dispatches that run, by deployment and instance. */
  readonly #running: Map<string, Map<string, number>> = new Map();
  /** The deployments that an instance is in. */
  readonly #of: Map<string, readonly string[]> = new Map();
  readonly #graces: Map<string, Timer> = new Map();

  constructor(parts: AgentCapacityParts) {
    this.#parts = parts;
  }

  /** Something of an instance has changed: what it takes, or whether it is there. */
  changed(agent: AgentInstance): void {
    // Before a call is let in for it, whoever may choose it knows.
    this.#parts.told?.(agent.id);
    const accounts = this.#accountsOf(agent);
    for (const account of this.#of.get(agent.id) ?? []) if (!accounts.includes(account)) this.#put(account, agent.id);
    if (accounts.length > 0) this.#of.set(agent.id, accounts);
    else this.#of.delete(agent.id);
    const is_there = stateOf(agent) === 'ready' || stateOf(agent) === 'busy';
    const room = is_there && agent.status !== 'DRAINING' ? this.#parts.room(agent.id) : 0;
    for (const account of accounts) {
      const running = this.#running.get(account)?.get(agent.id) ?? 0;
      this.#put(account, agent.id, { calls: running + room, is_there });
    }
    if (agent.status === 'PAUSE' && room > 0) this.#afterGrace(agent.id);
  }

  removed(id: string): void {
    for (const account of this.#of.get(id) ?? []) this.#put(account, id);
    this.#of.delete(id);
    for (const [account, running] of this.#running) {
      running.delete(id);
      if (running.size === 0) this.#running.delete(account);
    }
    this.#graces.get(id)?.cancel();
    this.#graces.delete(id);
    this.#parts.told?.(id);
  }

  /** The configuration, or what operators have switched off, has changed. */
  refresh(): void {
    for (const agent of this.#parts.agents()) this.changed(agent);
  }

  began(id: string, provider: string, upstream_model: string): void {
    this.#count(id, provider, upstream_model, 1);
  }

  /** Before the place of its call is free: the stream that it was on may be open for a moment longer. */
  ended(id: string, provider: string, upstream_model: string): void {
    this.#count(id, provider, upstream_model, -1);
    this.roomChanged(id);
  }

  /** It may take more or fewer streams than before. */
  roomChanged(id: string): void {
    const agent = this.#parts.agent(id);
    if (agent !== undefined) this.changed(agent);
  }

  #count(id: string, provider: string, upstream_model: string, by: 1 | -1): void {
    const account = deploymentAccount(`${provider}/${upstream_model}`);
    const running = this.#running.get(account) ?? new Map<string, number>();
    const count = (running.get(id) ?? 0) + by;
    if (count > 0) running.set(id, count);
    else running.delete(id);
    if (running.size > 0) this.#running.set(account, running);
    else this.#running.delete(account);
  }

  /** Deployments of shared agents by which calls reach it. */
  #accountsOf(agent: AgentInstance): readonly string[] {
    if (this.#parts.killed(agent.tenant, agent.key_id)) return NONE;
    return sharedDeploymentsOf(agent, this.#parts.providers());
  }

  /** Without a part: it is not in the deployment any more. */
  #put(account: string, id: string, part?: Part): void {
    const known = this.#deployments.get(account);
    if (known === undefined && (part === undefined || this.#deployments.size >= DEPLOYMENTS_MAX)) return;
    const deployment = known ?? { parts: new Map<string, Part>(), calls: 0, there: 0 };
    const before = deployment.parts.get(id);
    deployment.calls += (part?.calls ?? 0) - (before?.calls ?? 0);
    deployment.there += Number(part?.is_there ?? false) - Number(before?.is_there ?? false);
    if (part === undefined) deployment.parts.delete(id);
    else deployment.parts.set(id, part);
    if (deployment.parts.size === 0) this.#deployments.delete(account);
    else this.#deployments.set(account, deployment);
    // Where nobody is there, nobody is waited for.
    this.#parts.limit(account, deployment.there === 0 ? Number.POSITIVE_INFINITY : deployment.calls);
  }

  /** Until then a pause takes what it did before (S25). */
  #afterGrace(id: string): void {
    if (this.#graces.has(id)) return;
    const timer = this.#parts.timers.after(SESSION_LIMITS.pause_grace_ms + 1, () => {
      this.#graces.delete(id);
      this.roomChanged(id);
    });
    this.#graces.set(id, timer);
  }
}

const NONE: readonly string[] = [];

/** Accounts of the deployments at those of these providers that share their agents, which the agent is one of. */
export function sharedDeploymentsOf(
  { tenant, key_id, capability }: AgentInstance,
  providers: readonly ProviderConfig[],
): readonly string[] {
  const open = providers.filter((one) => one.agent?.shared === true && isOpenTo(one, tenant, key_id));
  if (open.length === 0) return NONE;
  const names = [...new Set([capability.adapter_id, ...capability.models])];
  return open.flatMap(({ id }) => names.map((name) => deploymentAccount(`${id}/${name}`)));
}
