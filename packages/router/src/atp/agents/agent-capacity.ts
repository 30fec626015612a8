import type { ProviderConfig } from '@atp-router/adapters';
import type { AimdOptions, AimdTrouble, WindowSign } from '@atp-router/flow';
import type { Clock, Qos, Timer, Timers } from '@atp-router/kernel';
import { SESSION_LIMITS } from '@atp-router/session';
import { deploymentAccount, suggestedAccount } from '../../generation/accounts.ts';
import { countsSuggested, letsGoldBeyond } from '../../generation/suggestions.ts';
import { isOpenTo } from './admission.ts';
import { InstanceWindows } from './instance-windows.ts';
import { RoomWaiters } from './room-waiters.ts';
import type { AgentInstance } from './roster.ts';
import { stateOf } from './state.ts';

/** Accounts that agents limit; calls of a further one are not held back, and fail where nobody takes them. */
const ACCOUNTS_MAX = 4_096;
/** The protocol's: an agent is a process that works on models, and not one that answers thousands a second. */
const BURST_PER_S = 100;

export interface AgentCapacityParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly providers: () => readonly ProviderConfig[];
  readonly agents: () => readonly AgentInstance[];
  readonly agent: (id: string) => AgentInstance | undefined;
  /** Streams that the session of an instance takes now, beside those that are open. `beyond`: also more than it suggests. */
  readonly room: (id: string, beyond: boolean) => number;
  /** The same with those that are open. */
  readonly width: (id: string, beyond: boolean) => number;
  readonly killed: (tenant: string, key_id: string) => boolean;
  /** An account may have so many calls in flight; `Infinity`: agents do not limit it. */
  readonly limit: (account: string, calls: number) => void;
  /** How windows of agents follow what comes back; undefined: they do not. */
  readonly aimd: () => AimdOptions | undefined;
  /** Trouble has narrowed the window of an agent. */
  readonly onNarrowed: (trouble: AimdTrouble) => void;
  /** Something of an instance has changed, or it is gone. */
  readonly told?: (id: string) => void;
}

/** What one instance adds to an account. */
interface Part {
  readonly calls: number;
  /** It will take work, if not now. */
  readonly is_there: boolean;
}

interface Account {
  readonly parts: Map<string, Part>;
  calls: number;
  there: number;
}

/** An account that an instance adds to, for one deployment that it is in. */
interface Place {
  readonly account: string;
  readonly deployment: string;
  /** Of calls that keep to what it suggests, which gold ones need not. */
  readonly is_suggested: boolean;
  /** Its calls may go beyond that. */
  readonly beyond: boolean;
}

/** Dispatches that run at an instance. */
interface Running {
  readonly all: number;
  /** Of these as gold. */
  readonly gold: number;
}

const IDLE: Running = { all: 0, gold: 0 };

/** One dispatch, as it is counted. */
export interface Dispatched {
  readonly provider: string;
  readonly upstream_model: string;
  /** In which it is served. */
  readonly tier: Qos;
}

/**
 * How many calls the agents of each deployment can take: those that they work on, and what is free, by the streams of their
 * sessions, their windows and their burst caps. Calls beyond wait for their turn instead of finding all agents busy. Only where
 * agents are shared: whose calls a tenant's own agents take, an account of all tenants does not know.
 */
export class AgentCapacity {
  readonly #parts: AgentCapacityParts;
  readonly #windows: InstanceWindows;
  readonly #waiters: RoomWaiters = new RoomWaiters();
  readonly #accounts: Map<string, Account> = new Map();
  /** By account of the deployment, and instance. */
  readonly #running: Map<string, Map<string, Running>> = new Map();
  /** The accounts that an instance is in. */
  readonly #of: Map<string, readonly string[]> = new Map();
  readonly #graces: Map<string, Timer> = new Map();

  constructor(parts: AgentCapacityParts) {
    this.#parts = parts;
    const { clock, timers, aimd, onNarrowed } = parts;
    this.#windows = new InstanceWindows({ clock, timers, aimd, onNarrowed, onRoom: (id) => this.roomChanged(id) });
  }

  /** Something of an instance has changed: what it takes, or whether it is there. */
  changed(agent: AgentInstance): void {
    const { id } = agent;
    const providers = this.#parts.providers().filter((one) => isOpenTo(one, agent.tenant, agent.key_id));
    const reaches_beyond = providers.some(letsGoldBeyond);
    // While it takes nothing its session is no narrower than it was.
    const width = stateOf(agent) === 'ready' ? this.#parts.width(id, reaches_beyond) : undefined;
    this.#windows.know(id, burstOf(providers), width);
    // Before a call is let in for it, whoever may choose it knows.
    this.#parts.told?.(id);
    const places = this.#parts.killed(agent.tenant, agent.key_id) ? NONE : placesOf(agent, providers);
    const accounts = places.map(({ account }) => account);
    for (const account of this.#of.get(id) ?? []) if (!accounts.includes(account)) this.#put(account, id);
    if (accounts.length > 0) this.#of.set(id, accounts);
    else this.#of.delete(id);
    const is_there = stateOf(agent) === 'ready' || stateOf(agent) === 'busy';
    const takes = is_there && agent.status !== 'DRAINING';
    for (const { account, deployment, is_suggested, beyond } of places) {
      const { all, gold } = this.#running.get(deployment)?.get(id) ?? IDLE;
      // With each account that opens, calls may begin at it.
      const room = takes ? this.room(id, beyond) : 0;
      this.#put(account, id, { calls: all - (is_suggested ? gold : 0) + room, is_there });
    }
    const room = takes ? this.#parts.room(id, reaches_beyond) : 0;
    this.#windows.watch(id, room);
    // Of one that is about to go, or has no connection, nothing is waited for.
    this.#waiters.wake(id, (beyond) => !takes || this.room(id, beyond) > 0);
    if (agent.status === 'PAUSE' && room > 0) this.#afterGrace(id);
  }

  removed(id: string): void {
    this.#windows.forget(id);
    for (const account of this.#of.get(id) ?? []) this.#put(account, id);
    this.#of.delete(id);
    for (const [account, running] of this.#running) {
      running.delete(id);
      if (running.size === 0) this.#running.delete(account);
    }
    this.#graces.get(id)?.cancel();
    this.#graces.delete(id);
    this.#parts.told?.(id);
    this.#waiters.wake(id, () => true);
  }

  /** The configuration, or what operators have switched off, has changed. */
  refresh(): void {
    this.#windows.refresh();
    for (const agent of this.#parts.agents()) this.changed(agent);
  }

  /** Dispatches that an instance takes now. `beyond`: also more than it suggests. */
  room(id: string, beyond: boolean): number {
    return Math.min(this.#parts.room(id, beyond), this.#windows.free(id));
  }

  /** Dispatches that an instance may have at a time; undefined while nothing narrows what its session has. */
  window(id: string): number | undefined {
    return this.#windows.window(id);
  }

  /**
   * Whether an instance takes none now, and what keeps it from one more is over soon: its burst cap, or, where gold may go
   * beyond what it suggests, gold calls that have what others were let in for.
   */
  isShort(id: string, beyond: boolean, gold_overrides: boolean): boolean {
    if (this.#parts.room(id, beyond || gold_overrides) < 1 || this.#windows.unused(id) < 1) return false;
    return this.room(id, beyond) < 1;
  }

  /** Runs once: when one of these instances takes one more, or none at all any more. Returns what takes that back. */
  whenRoom(ids: readonly string[], beyond: boolean, run: () => void): () => void {
    return this.#waiters.add(ids, beyond, run);
  }

  began(id: string, dispatched: Dispatched): void {
    this.#windows.began(id);
    this.#count(id, dispatched, 1);
  }

  /**
   * Before the place of its call is free: the stream that it was on may be open for a moment longer. `sign`: what the end says
   * of how the agent bears what it is given, if anything.
   */
  ended(id: string, dispatched: Dispatched, sign?: WindowSign): void {
    this.#windows.ended(id, sign);
    this.#count(id, dispatched, -1);
    this.roomChanged(id);
  }

  /** It says that it is sent too much (ECN). */
  crowded(id: string): void {
    this.#windows.signed(id, 'ecn');
    this.roomChanged(id);
  }

  /** It may take more or fewer streams than before. */
  roomChanged(id: string): void {
    const agent = this.#parts.agent(id);
    if (agent !== undefined) this.changed(agent);
  }

  #count(id: string, { provider, upstream_model, tier }: Dispatched, by: 1 | -1): void {
    const account = deploymentAccount(`${provider}/${upstream_model}`);
    const running = this.#running.get(account) ?? new Map<string, Running>();
    const { all, gold } = running.get(id) ?? IDLE;
    const now: Running = { all: all + by, gold: gold + (tier === 'gold' ? by : 0) };
    if (now.all > 0) running.set(id, now);
    else running.delete(id);
    if (running.size > 0) this.#running.set(account, running);
    else this.#running.delete(account);
  }

  /** Without a part: it is not in the account any more. */
  #put(account: string, id: string, part?: Part): void {
    const known = this.#accounts.get(account);
    if (known === undefined && (part === undefined || this.#accounts.size >= ACCOUNTS_MAX)) return;
    const entry = known ?? { parts: new Map<string, Part>(), calls: 0, there: 0 };
    const before = entry.parts.get(id);
    entry.calls += (part?.calls ?? 0) - (before?.calls ?? 0);
    entry.there += Number(part?.is_there ?? false) - Number(before?.is_there ?? false);
    if (part === undefined) entry.parts.delete(id);
    else entry.parts.set(id, part);
    if (entry.parts.size === 0) this.#accounts.delete(account);
    else this.#accounts.set(account, entry);
    // Where nobody is there, nobody is waited for.
    this.#parts.limit(account, entry.there === 0 ? Number.POSITIVE_INFINITY : entry.calls);
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

const NONE: readonly Place[] = [];

/** Of several providers that take it the least. */
function burstOf(providers: readonly ProviderConfig[]): number {
  return Math.min(...providers.map(({ agent }) => agent?.burst_per_s ?? BURST_PER_S), BURST_MAX);
}

/** More than a provider may say: of an agent that none takes any more. */
const BURST_MAX = 100_000;

/** What an agent adds to: accounts of the deployments that it is one of, at those of these providers that share their agents. */
function placesOf({ capability }: AgentInstance, providers: readonly ProviderConfig[]): readonly Place[] {
  const shared = providers.filter(({ agent }) => agent?.shared === true);
  if (shared.length === 0) return NONE;
  const names = [...new Set([capability.adapter_id, ...capability.models])];
  return shared.flatMap((provider) =>
    names.flatMap((name) => {
      const key = `${provider.id}/${name}`;
      const deployment = deploymentAccount(key);
      const beyond = letsGoldBeyond(provider);
      const place = { account: deployment, deployment, is_suggested: false, beyond };
      if (!countsSuggested(provider)) return [place];
      return [{ account: suggestedAccount(key), deployment, is_suggested: true, beyond: false }, place];
    }),
  );
}
