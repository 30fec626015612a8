import type { AgentHub } from '../../atp/agents/agent-hub.ts';
import type { AgentInstance } from '../../atp/agents/roster.ts';

/** What other processes have to know of an agent to choose it. */
export interface AgentEntry extends AgentInstance {
  /** Dispatches that it takes now: by its session, its window and its burst cap. */
  readonly room: number;
  /** The same for gold calls that may go beyond what it suggests. */
  readonly gold_room: number;
  /** It has begun as many as it may for now. */
  readonly is_short: boolean;
  /** Dispatches that it may have at a time; null while nothing narrows what its session has. */
  readonly window: number | null;
}

/** What has changed of an agent; all of it when it is new. */
export type AgentUpdate = Partial<AgentEntry> & Pick<AgentEntry, 'id'>;

/** What has changed of the agents of one process. */
export interface AgentsChange {
  /** Those that are not among them are gone. */
  readonly is_all: boolean;
  readonly set: readonly AgentUpdate[];
  readonly gone: readonly string[];
}

/** From the owner: whose agents these are. */
export interface AgentsOf {
  readonly worker: number;
  readonly change: AgentsChange;
}

export const NO_AGENTS: AgentsChange = { is_all: true, set: [], gone: [] };

/** Agents of one process that others know of, about 1 kB each. Calls reach further ones at their own process only. */
export const ENTRIES_MAX = 4_096;

export function entryOf(hub: AgentHub, id: string): AgentEntry | undefined {
  const agent = hub.roster.get(id);
  if (agent === undefined) return undefined;
  const [room, gold_room] = [hub.room(id, false), hub.room(id, true)];
  return { ...agent, room, gold_room, is_short: hub.isShort(id, true, true), window: hub.window(id) ?? null };
}

/** Parts that are new; what has not changed is the same object in both. */
export function updateOf(before: AgentEntry | undefined, now: AgentEntry): AgentUpdate | undefined {
  if (before === undefined) return now;
  const changed = Object.entries(now).filter(([key, value]) => before[key as keyof AgentEntry] !== value);
  return changed.length === 0 ? undefined : { ...(Object.fromEntries(changed) as Partial<AgentEntry>), id: now.id };
}

export function isAgentsChange(body: unknown): body is AgentsChange {
  const { is_all, set, gone } = (body ?? {}) as Partial<Record<keyof AgentsChange, unknown>>;
  return typeof is_all === 'boolean' && Array.isArray(set) && Array.isArray(gone);
}

export function isAgentsOf(body: unknown): body is AgentsOf {
  const { worker, change } = (body ?? {}) as Partial<Record<keyof AgentsOf, unknown>>;
  return Number.isSafeInteger(worker) && isAgentsChange(change);
}
