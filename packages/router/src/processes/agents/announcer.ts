import type { Timer, Timers } from '@atp-router/kernel';
import { type AgentEntry, type AgentsChange, type AgentUpdate, ENTRIES_MAX, updateOf } from './changes.ts';

/** What changes within this is told together: each dispatch changes its agent three times. Work that is carried takes seconds. */
const EVERY_MS = 20;

export interface AnnouncerParts {
  readonly timers: Timers;
  readonly ids: () => readonly string[];
  /** An agent of this process as it is now. */
  readonly entry: (id: string) => AgentEntry | undefined;
  /** False: it is lost, and everything is told anew when there is a way again. */
  readonly send: (change: AgentsChange) => boolean;
}

/** Whether it takes more than was told. */
function hasMore(now: AgentEntry | undefined, told: AgentEntry | undefined): boolean {
  return (now?.room ?? 0) > (told?.room ?? 0) || (now?.gold_room ?? 0) > (told?.gold_room ?? 0);
}

/** Tells other processes of the agents of this one. */
export class Announcer {
  readonly #parts: AnnouncerParts;
  readonly #told: Map<string, AgentEntry> = new Map();
  readonly #changed: Set<string> = new Set();
  #timer: Timer | undefined;
  #is_up = false;

  constructor(parts: AnnouncerParts) {
    this.#parts = parts;
  }

  /** There is a way to others, who know nothing. */
  up(): void {
    this.#told.clear();
    this.#changed.clear();
    const set = this.#parts.ids().flatMap((id) => this.#news(id) ?? []);
    this.#is_up = this.#parts.send({ is_all: true, set, gone: [] });
  }

  down(): void {
    this.#is_up = false;
  }

  /** Room for more is told at once: calls that waited for it are about to be let in, also at other processes. */
  changed(id: string): void {
    if (!this.#is_up) return;
    this.#changed.add(id);
    if (hasMore(this.#parts.entry(id), this.#told.get(id))) this.#flush();
    else this.#timer ??= this.#parts.timers.after(EVERY_MS, () => this.#flush());
  }

  close(): void {
    this.#is_up = false;
    this.#timer?.cancel();
  }

  #flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const ids = [...this.#changed];
    this.#changed.clear();
    if (!this.#is_up) return;
    const set = ids.flatMap((id) => this.#news(id) ?? []);
    const gone = ids.filter((id) => this.#told.has(id) && this.#parts.entry(id) === undefined);
    for (const id of gone) this.#told.delete(id);
    if (set.length + gone.length > 0) this.#is_up = this.#parts.send({ is_all: false, set, gone });
  }

  #news(id: string): AgentUpdate | undefined {
    const entry = this.#parts.entry(id);
    const before = this.#told.get(id);
    if (entry === undefined || (before === undefined && this.#told.size >= ENTRIES_MAX)) return undefined;
    this.#told.set(id, entry);
    return updateOf(before, entry);
  }
}
