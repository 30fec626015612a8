import type { ItemChange } from './shelf.ts';
import type { KeptSession, Saved } from './types.ts';
import type { SessionChanges } from './worker-protocol.ts';

/** Who waits for a save: the caller, and what it keeps until then. */
const SAVE_BYTES = 512;
/** What a change of an item takes beside its key and its bytes. */
const CHANGE_BYTES = 128;

interface Save {
  readonly born: string;
  readonly done: Saved;
}

interface Entry extends SessionChanges {
  is_dropped: boolean;
  session?: KeptSession;
  readonly items: Map<string, Uint8Array | undefined>;
  since?: { readonly ms: number | undefined };
}

/**
 * What shares a commit. Of several changes of one item only the last is there: it is what a successor would find in any case,
 * as all of it becomes durable or nothing.
 */
export class Batch {
  readonly #entries: Map<string, Entry> = new Map();
  #saves: Save[] = [];
  #bytes = 0;

  get is_empty(): boolean {
    return this.#entries.size === 0;
  }

  /** What it holds: items that wait, and callers. */
  get bytes(): number {
    return this.#bytes;
  }

  get saves(): readonly Save[] {
    return this.#saves;
  }

  /** By session, those first that were first handed in. */
  get changes(): readonly SessionChanges[] {
    return [...this.#entries.values()];
  }

  /** How much more it would hold with these items, at most. */
  static bytesOf(items: readonly ItemChange[]): number {
    return items.reduce((sum, [key, value]) => sum + itemBytes(key, value), SAVE_BYTES);
  }

  save(session: KeptSession, items: readonly ItemChange[], done: Saved): void {
    const entry = this.#entryOf(session.born);
    entry.session = session;
    for (const [key, value] of items) {
      if (entry.items.has(key)) this.#bytes -= itemBytes(key, entry.items.get(key));
      this.#bytes += itemBytes(key, value);
      entry.items.set(key, value);
    }
    this.#saves.push({ born: session.born, done });
    this.#bytes += SAVE_BYTES;
  }

  since(born: string, since_ms: number | undefined): void {
    this.#entryOf(born).since = { ms: since_ms };
  }

  /** What was to be kept of the session need not be; who waits for it is told all the same. */
  drop(born: string): void {
    this.#forget(born);
    this.#entryOf(born).is_dropped = true;
  }

  /** Takes the saves of these sessions out. That a session is to be dropped stays. */
  withdraw(born: ReadonlySet<string>): readonly Save[] {
    for (const one of born) {
      const entry = this.#entries.get(one);
      if (entry === undefined) continue;
      const { is_dropped, since } = entry;
      this.#forget(one);
      if (is_dropped) this.drop(one);
      if (since !== undefined) this.since(one, since.ms);
    }
    const out = this.#saves.filter((save) => born.has(save.born));
    this.#saves = this.#saves.filter((save) => !born.has(save.born));
    this.#bytes -= SAVE_BYTES * out.length;
    return out;
  }

  #entryOf(born: string): Entry {
    const entry = this.#entries.get(born) ?? { born, is_dropped: false, items: new Map() };
    this.#entries.set(born, entry);
    return entry;
  }

  #forget(born: string): void {
    for (const [key, value] of this.#entries.get(born)?.items ?? []) this.#bytes -= itemBytes(key, value);
    this.#entries.delete(born);
  }
}

function itemBytes(key: string, value: Uint8Array | undefined): number {
  return key.length + (value?.length ?? 0) + CHANGE_BYTES;
}
