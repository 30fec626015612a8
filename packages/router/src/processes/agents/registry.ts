import { type AgentEntry, type AgentsChange, type AgentUpdate, ENTRIES_MAX } from './changes.ts';

/** Agents of other processes, as each has told of its own. Plain data, without a clock. */
export class AgentsRegistry {
  readonly #by: Map<number, Map<string, AgentEntry>> = new Map();
  #all: readonly AgentEntry[] | undefined;

  /** Names of agents here begin with that of their process. */
  get all(): readonly AgentEntry[] {
    this.#all ??= [...this.#by.values()].flatMap((entries) => [...entries.values()]);
    return this.#all;
  }

  get workers(): readonly number[] {
    return [...this.#by.keys()];
  }

  get(id: string): AgentEntry | undefined {
    const at = /^w(\d+)\//.exec(id)?.[1];
    return at === undefined ? undefined : this.#by.get(Number(at))?.get(id);
  }

  take(worker: number, { is_all, set, gone }: AgentsChange): void {
    const entries = is_all ? new Map<string, AgentEntry>() : (this.#by.get(worker) ?? new Map<string, AgentEntry>());
    for (const id of gone) entries.delete(idAt(worker, id));
    for (const update of set) this.#put(worker, entries, update);
    if (entries.size > 0) this.#by.set(worker, entries);
    else this.#by.delete(worker);
    this.#all = undefined;
  }

  /** The process is gone, and its agents with it. False: it had none. */
  forget(worker: number): boolean {
    this.#all = undefined;
    return this.#by.delete(worker);
  }

  /** All that one process has told, as it told it. */
  of(worker: number): AgentsChange {
    const entries = [...(this.#by.get(worker)?.values() ?? [])];
    return { is_all: true, set: entries.map((entry) => ({ ...entry, id: idIn(entry.id) })), gone: [] };
  }

  #put(worker: number, entries: Map<string, AgentEntry>, update: AgentUpdate): void {
    const id = idAt(worker, update.id);
    const known = entries.get(id);
    // Of one that is not known something was lost: it is told anew with the next link.
    if (known === undefined && (update.capability === undefined || entries.size >= ENTRIES_MAX)) return;
    entries.set(id, { ...known, ...update, id, at: placeOf(worker) } as AgentEntry);
  }
}

/** As agents name the process that they are at. */
export function placeOf(worker: number): string {
  return `w${worker}`;
}

/** Undefined for what is no name of a process. */
export function workerOf(place: string): number | undefined {
  const n = /^w(\d+)$/.exec(place)?.[1];
  return n === undefined ? undefined : Number(n);
}

export function idAt(worker: number, id: string): string {
  return `${placeOf(worker)}/${id}`;
}

/** As its own process names it. */
export function idIn(id: string): string {
  return id.slice(id.indexOf('/') + 1);
}
