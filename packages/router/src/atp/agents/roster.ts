import type { AdapterHealthContent, AgentStatus, Window } from '@atp-router/wire';
import { type AgentCapability, serves } from './capability.ts';
import { UNWELL } from './health.ts';
import {
  type Compliance,
  type ComplianceEvent,
  judged,
  liveStrikes,
  NEW,
  recalled,
  STRIKES_MAX,
} from './compliance.ts';

/** One agent on one session. Several of one name and tenant are instances of each other. */
export interface AgentInstance {
  /** Of this process, or of another with that one's name before it. */
  readonly id: string;
  /** The process that it is connected to, where that is another one. */
  readonly at?: string;
  readonly tenant: string;
  readonly key_id: string;
  readonly capability: AgentCapability;
  readonly since_ms: number;
  readonly is_connected: boolean;
  /** Somebody has waited for its connection in vain: nobody else does, until it has one. */
  readonly is_given_up: boolean;
  readonly status: AgentStatus;
  readonly suggested_window: Window;
  readonly health: (AdapterHealthContent & { readonly at_ms: number }) | undefined;
  readonly compliance: Compliance;
  /** What it works on now. */
  readonly load: AgentLoad;
  /** Number of its latest dispatch among all: of two that are as busy, the one that has rested longer is next. */
  readonly latest: number;
}

export interface AgentLoad {
  readonly dispatches: number;
  readonly tokens: number;
  readonly usd_micros: number;
}

export interface AgentLimits {
  readonly max_agents: number;
  readonly max_agents_per_tenant: number;
}

export interface Wanted {
  readonly tenant: string;
  readonly upstream_model: string;
  readonly tokens: number;
  readonly usd_micros: number;
  /** What an agent suggests does not bind it. */
  readonly beyond?: boolean;
  /** Whether agents of this key may serve the tenant, as the operator has it. */
  admits(tenant: string, key_id: string): boolean;
  /** Whether the session of this instance takes another stream now. */
  takes(id: string): boolean;
  readonly now_ms: number;
}

/** Why nobody can be given the work: how far the best candidate came. */
export const NOBODY = ['none', 'non_compliant', 'unready', 'busy'] as const;

export type Nobody = (typeof NOBODY)[number];

export type Choice =
  | { readonly ok: true; readonly agent: AgentInstance }
  | { readonly ok: false; readonly why: Nobody };

/** Agents whose strikes outlive their sessions; beyond, the oldest are forgotten. As many as there may be agents. */
const REMEMBERED_MAX = 1_024;

const IDLE: AgentLoad = { dispatches: 0, tokens: 0, usd_micros: 0 };

/**
 * The agents that are there, and which of them is next. Holds plain data, knows no clock and no session; times come as
 * arguments. Invariant: the load of an instance is the sum of what was begun and not ended at it.
 */
export class AgentRoster {
  readonly #agents: Map<string, AgentInstance> = new Map();
  /** Strikes of agents whose sessions ended by what they did, by tenant, key, name and version. */
  readonly #remembered: Map<string, Compliance> = new Map();
  #dispatches = 0;
  readonly #onChange: (agent: AgentInstance) => void;

  /** `onChange`: told of each change of an instance that is there, but not of its end. */
  constructor(onChange: (agent: AgentInstance) => void = () => undefined) {
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#agents.size;
  }

  all(): readonly AgentInstance[] {
    return [...this.#agents.values()];
  }

  get(id: string): AgentInstance | undefined {
    return this.#agents.get(id);
  }

  /** An agent says what it is, or says it anew. Returns why it is not taken. */
  advertise(
    id: string,
    owner: { readonly tenant: string; readonly key_id: string },
    capability: AgentCapability,
    limits: AgentLimits,
    now_ms: number,
  ): 'one_per_session' | 'too_many' | 'too_many_of_tenant' | undefined {
    const known = this.#agents.get(id);
    if (known !== undefined) {
      if (known.capability.adapter_id !== capability.adapter_id) return 'one_per_session';
      const is_new = known.capability.version !== capability.version;
      this.#put({
        ...known,
        capability,
        is_connected: true,
        is_given_up: false,
        ...(is_new && { compliance: NEW }),
      });
      return undefined;
    }
    if (this.#agents.size >= limits.max_agents) return 'too_many';
    if (this.#of(owner.tenant) >= limits.max_agents_per_tenant) return 'too_many_of_tenant';
    this.#put({
      ...{ id, tenant: owner.tenant, key_id: owner.key_id, capability, since_ms: now_ms, is_connected: true },
      is_given_up: false,
      ...{ status: 'READY', suggested_window: {}, health: undefined, load: IDLE, latest: 0 },
      compliance: recalled(this.#remembered.get(nameOf({ ...owner, capability })), now_ms),
    });
    return undefined;
  }

  connected(id: string, is_connected: boolean): void {
    this.#change(id, () => ({ is_connected, is_given_up: false }));
  }

  /** It has not come back in the time for it. */
  givenUp(id: string): void {
    this.#change(id, ({ is_connected }) => ({ is_given_up: !is_connected }));
  }

  said(id: string, status: AgentStatus, suggested_window: Window = {}): void {
    this.#change(id, () => ({ status, suggested_window }));
  }

  health(id: string, content: AdapterHealthContent, now_ms: number): void {
    this.#change(id, () => ({ health: { ...content, at_ms: now_ms } }));
  }

  judge(id: string, event: ComplianceEvent, now_ms: number): void {
    const agent = this.#agents.get(id);
    if (event.type === 'checked' && agent !== undefined) this.#remembered.delete(nameOf(agent));
    this.#change(id, ({ compliance }) => ({ compliance: judged(compliance, event, now_ms) }));
  }

  /** Its session is about to end by a fault of its own: who comes again as the same keeps the strikes that still count. */
  remember(id: string, now_ms: number): void {
    const agent = this.#agents.get(id);
    if (agent === undefined) return;
    const name = nameOf(agent);
    const before = liveStrikes(this.#remembered.get(name) ?? NEW, now_ms);
    const known = new Set(before);
    // What it came with is among those of the present session.
    const strikes = [...before, ...liveStrikes(agent.compliance, now_ms).filter((one) => !known.has(one))];
    this.#remembered.delete(name);
    this.#remembered.set(name, { kind: 'compliant', strikes: strikes.slice(-STRIKES_MAX) });
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > REMEMBERED_MAX && oldest !== undefined) this.#remembered.delete(oldest);
  }

  begin(id: string, { tokens, usd_micros }: Share): void {
    this.#dispatches += 1;
    const latest = this.#dispatches;
    this.#change(id, ({ load }) => ({ load: sum(load, { dispatches: 1, tokens, usd_micros }, 1), latest }));
  }

  end(id: string, { tokens, usd_micros }: Share): void {
    this.#change(id, ({ load }) => ({ load: sum(load, { dispatches: 1, tokens, usd_micros }, -1) }));
  }

  /** The agent's own estimate takes the place of what was expected. */
  adjust(id: string, was: Share, is: Share): void {
    this.end(id, was);
    this.#change(id, ({ load }) => ({ load: sum(load, { dispatches: 1, ...is }, 1) }));
  }

  remove(id: string): void {
    this.#agents.delete(id);
  }

  /** Those that calls of the tenant could reach, whatever their state. `more`: others than those that are here. */
  candidates(
    { upstream_model, admits }: Pick<Wanted, 'upstream_model' | 'admits'>,
    more: readonly AgentInstance[] = [],
  ): AgentInstance[] {
    const all = more.length === 0 ? this.all() : [...this.all(), ...more];
    return all.filter((one) => serves(one.capability, upstream_model) && admits(one.tenant, one.key_id));
  }

  /**
   * The least loaded of those that may be given the work, of two one that is here. Who is away may come back, and is the
   * last choice.
   */
  pick(wanted: Wanted, more: readonly AgentInstance[] = []): Choice {
    const there = this.candidates(wanted, more).filter(({ is_given_up }) => !is_given_up);
    if (there.length === 0) return { ok: false, why: 'none' };
    const compliant = there.filter(({ compliance }) => compliance.kind === 'compliant');
    if (compliant.length === 0) return { ok: false, why: 'non_compliant' };
    const ready = compliant.filter(({ health }) => health === undefined || !UNWELL.has(health.status));
    if (ready.length === 0) return { ok: false, why: 'unready' };
    // Who drains may have one stream at a time (S25); it is given none, because it is about to go.
    const free = ready.filter((one) => one.status !== 'DRAINING' && hasRoom(one, wanted) && wanted.takes(one.id));
    const [first] = free.sort(byTurn(wanted.now_ms));
    return first === undefined ? { ok: false, why: 'busy' } : { ok: true, agent: first };
  }

  #put(agent: AgentInstance): void {
    this.#agents.set(agent.id, agent);
    this.#onChange(agent);
  }

  #of(tenant: string): number {
    let count = 0;
    for (const one of this.#agents.values()) if (one.tenant === tenant) count += 1;
    return count;
  }

  #change(id: string, change: (agent: AgentInstance) => Partial<AgentInstance>): void {
    const agent = this.#agents.get(id);
    if (agent !== undefined) this.#put({ ...agent, ...change(agent) });
  }
}

function nameOf({ tenant, key_id, capability }: Pick<AgentInstance, 'tenant' | 'key_id' | 'capability'>): string {
  return JSON.stringify([tenant, key_id, capability.adapter_id, capability.version]);
}

/** What a dispatch counts for. */
export type Share = Pick<AgentLoad, 'tokens' | 'usd_micros'>;

/** Tokens and money that the agent would have outstanding at a time (S25); the number of streams is its session's to judge. */
function hasRoom({ load, suggested_window }: AgentInstance, { tokens, usd_micros, beyond }: Wanted): boolean {
  if (beyond === true) return true;
  const { max_tokens = Infinity, max_usd_micros = Infinity } = suggested_window;
  return load.tokens + tokens <= max_tokens && load.usd_micros + usd_micros <= max_usd_micros;
}

function byTurn(now_ms: number): (left: AgentInstance, right: AgentInstance) => number {
  const strikes = ({ compliance }: AgentInstance): number => liveStrikes(compliance, now_ms).length;
  return (left, right) =>
    Number(right.is_connected) - Number(left.is_connected) ||
    strikes(left) - strikes(right) ||
    left.load.dispatches - right.load.dispatches ||
    Number(left.at !== undefined) - Number(right.at !== undefined) ||
    left.latest - right.latest;
}

function sum(load: AgentLoad, by: AgentLoad, sign: 1 | -1): AgentLoad {
  return {
    dispatches: load.dispatches + sign * by.dispatches,
    tokens: load.tokens + sign * by.tokens,
    usd_micros: load.usd_micros + sign * by.usd_micros,
  };
}
