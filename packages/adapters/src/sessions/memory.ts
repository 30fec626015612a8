import { AtpError, type Clock } from '@atp-router/kernel';
import type { StoredChange } from '@atp-router/session';
import { resumable } from './found.ts';
import { itemOf, Shelf } from './shelf.ts';
import { type FoundSession, type KeptSession, SESSION_STORE_LIMITS, type Saved, type SessionStore } from './types.ts';
import type { SessionStoreLimits, SessionStoreUsage } from './types.ts';

interface Entry {
  readonly session: KeptSession;
  readonly items: Map<string, Uint8Array>;
  since_ms: number | undefined;
}

/** What memory holds, for stores that come after each other in one process. */
export type SessionMemory = Map<string, Entry>;

/** Keeps sessions as long as the process. What it has is bytes, so that nobody else's object is in it. */
export function memorySessionStore(
  clock: Clock,
  memory: SessionMemory = new Map(),
  limits: SessionStoreLimits = SESSION_STORE_LIMITS,
): SessionStore {
  return new MemoryStore(clock, memory, limits);
}

class MemoryStore implements SessionStore {
  readonly #clock: Clock;
  readonly #memory: SessionMemory;
  readonly #shelf: Shelf;
  #is_closed = false;

  constructor(clock: Clock, memory: SessionMemory, limits: SessionStoreLimits) {
    this.#clock = clock;
    this.#memory = memory;
    this.#shelf = new Shelf(limits);
  }

  save(session: KeptSession, changes: readonly StoredChange[], done: Saved): void {
    const failure = this.#save(session, changes);
    queueMicrotask(() => done(failure));
  }

  #save(session: KeptSession, changes: readonly StoredChange[]): AtpError | undefined {
    if (this.#is_closed) return closed();
    try {
      const rows = this.#shelf.plan(session, changes);
      const entry: Entry = this.#memory.get(session.born) ?? { session, items: new Map(), since_ms: undefined };
      this.#memory.set(session.born, entry);
      for (const [key, value] of rows) {
        if (value === undefined) entry.items.delete(key);
        else entry.items.set(key, value);
      }
    } catch (error) {
      if (error instanceof AtpError) return error;
      throw error;
    }
    return undefined;
  }

  usage(): SessionStoreUsage {
    return this.#shelf.usage;
  }

  disconnected({ born }: KeptSession, since_ms: number | undefined): void {
    const entry = this.#memory.get(born);
    if (entry !== undefined) entry.since_ms = since_ms;
  }

  drop({ born }: KeptSession): void {
    this.#shelf.drop(born);
    this.#memory.delete(born);
  }

  async load(): Promise<readonly FoundSession[]> {
    const now_ms = this.#clock.now_ms();
    const found: FoundSession[] = [];
    for (const [born, entry] of this.#memory) {
      const items = [...entry.items.values()];
      entry.since_ms ??= now_ms;
      const one = resumable(entry.session, items.map(itemOf), entry.since_ms, now_ms);
      if (one === undefined) this.#memory.delete(born);
      else {
        for (const item of items) this.#shelf.found(entry.session, itemOf(item), item.length);
        found.push(one);
      }
    }
    return found;
  }

  async close(): Promise<void> {
    this.#is_closed = true;
  }
}

export function closed(): AtpError {
  return new AtpError('draining', 'The router is stopping: the session is not kept any more.');
}
