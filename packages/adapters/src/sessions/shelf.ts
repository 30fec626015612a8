import { deserialize, serialize } from 'node:v8';
import { AtpError } from '@atp-router/kernel';
import type { StoredChange } from '@atp-router/session';
import { INBOX, type Place, placeOf, placeOfMessage, placeOfReset, placeOfUnseen } from './places.ts';
import type { KeptSession, SessionStoreLimit, SessionStoreLimits, SessionStoreUsage } from './types.ts';

/** What becomes of one item: new bytes, or none. */
export type ItemChange = readonly [key: string, value: Uint8Array | undefined];

/** Bytes of the items of a group by key, the groups of a stream, the streams of a session. */
type Group = Map<string, number>;
type Stream = Map<string, Group>;

/** A session and whose it is. */
type Owned = Pick<KeptSession, 'born' | 'tenant'>;

interface Kept {
  readonly tenant: string;
  readonly streams: Map<string, Stream>;
  bytes: number;
  /** A save has failed: nothing more is saved of it. */
  has_failed: boolean;
}

/** Room for keys, and what the table takes for a row. */
const ITEM_BYTES = 128;

/**
 * Which items a store has of each session and how large they are, so that changes become puts and deletes of single
 * items, and limits are held before anything is written. The items themselves are elsewhere.
 */
export class Shelf {
  readonly #limits: SessionStoreLimits;
  readonly #sessions: Map<string, Kept> = new Map();
  /** Of tenants that have any. */
  readonly #tenant_bytes: Map<string, number> = new Map();
  readonly #refused: Record<SessionStoreLimit, number> = { sessions: 0, session: 0, tenant: 0, all: 0 };
  #bytes = 0;

  constructor(limits: SessionStoreLimits) {
    this.#limits = limits;
  }

  get usage(): SessionStoreUsage {
    return { bytes: this.#bytes, refused: { ...this.#refused } };
  }

  get size(): number {
    return this.#sessions.size;
  }

  has(born: string): boolean {
    return this.#sessions.has(born);
  }

  /** The items that the changes make different, each once. Throws `backpressure`; then the session has failed. */
  plan(session: Owned, changes: readonly StoredChange[]): readonly ItemChange[] {
    const kept = this.#keptOf(session);
    if (kept.has_failed) throw unsaved();
    const out = new Map<string, Uint8Array | undefined>();
    for (const change of changes) {
      if ('put' in change) out.set(...this.#put(kept, change));
      else for (const key of this.#drop(kept, change)) out.set(key, undefined);
    }
    return [...out];
  }

  /** An item that was there before this process. */
  found(session: Owned, change: StoredChange, bytes: number): void {
    if ('put' in change) this.#place(this.#keptOf(session), placeOf(change), bytes);
  }

  fail(born: string): void {
    const kept = this.#sessions.get(born);
    if (kept !== undefined) kept.has_failed = true;
  }

  drop(born: string): void {
    const kept = this.#sessions.get(born);
    if (kept === undefined) return;
    this.#count(kept, -kept.bytes);
    this.#sessions.delete(born);
  }

  #keptOf({ born, tenant }: Owned): Kept {
    const known = this.#sessions.get(born);
    if (known !== undefined) return known;
    if (this.#sessions.size >= this.#limits.sessions) throw this.full('sessions');
    const kept: Kept = { tenant, streams: new Map(), bytes: 0, has_failed: false };
    this.#sessions.set(born, kept);
    return kept;
  }

  #put(kept: Kept, change: Extract<StoredChange, { put: string }>): [string, Uint8Array] {
    const value = serialize(change);
    const place = placeOf(change);
    this.#place(kept, place, value.length);
    const over = this.#over(kept);
    if (over !== undefined) {
      kept.has_failed = true;
      throw this.full(over);
    }
    return [place.key, value];
  }

  /** The narrowest limit that is broken: it says most of who has to do something. */
  #over({ tenant, bytes }: Kept): SessionStoreLimit | undefined {
    const limits = this.#limits;
    if (bytes > limits.session_bytes) return 'session';
    if ((this.#tenant_bytes.get(tenant) ?? 0) > limits.tenant_bytes) return 'tenant';
    return this.#bytes > limits.bytes ? 'all' : undefined;
  }

  /** Counts what could not be kept, and says so. */
  full(limit: SessionStoreLimit): AtpError {
    this.#refused[limit] += 1;
    const message = `The session cannot be kept: the store ${WORDS[limit]} is full. Open a new one later.`;
    return new AtpError('backpressure', message, { retry_after_ms: 1_000 });
  }

  #place(kept: Kept, { stream_id, group, key }: Place, value_bytes: number): void {
    const stream = kept.streams.get(stream_id) ?? new Map<string, Group>();
    kept.streams.set(stream_id, stream);
    const items = stream.get(group) ?? new Map<string, number>();
    stream.set(group, items);
    const bytes = value_bytes + key.length + ITEM_BYTES;
    this.#count(kept, bytes - (items.get(key) ?? 0));
    items.set(key, bytes);
  }

  #drop(kept: Kept, change: Extract<StoredChange, { drop: string }>): readonly string[] {
    if (change.drop === 'session')
      return [...kept.streams.keys()].flatMap((id) => this.#dropGroups(kept, id, () => true));
    if (change.drop === 'stream') return this.#dropGroups(kept, change.stream_id, (group) => group !== INBOX);
    if (change.drop === 'reset') return this.#dropItem(kept, placeOfReset(change.stream_id));
    if (change.drop === 'unseen') return this.#dropItem(kept, placeOfUnseen(change.from));
    const place = placeOfMessage(change.drop, change.id);
    if (change.drop !== 'pieces') return this.#dropItem(kept, place);
    return this.#dropGroups(kept, place.stream_id, (group) => group === place.group);
  }

  #dropItem(kept: Kept, { stream_id, group, key }: Place): readonly string[] {
    const stream = kept.streams.get(stream_id);
    const items = stream?.get(group);
    const bytes = items?.get(key);
    if (stream === undefined || items === undefined || bytes === undefined) return [];
    items.delete(key);
    this.#count(kept, -bytes);
    if (items.size === 0) stream.delete(group);
    if (stream.size === 0) kept.streams.delete(stream_id);
    return [key];
  }

  #dropGroups(kept: Kept, stream_id: string, goes: (group: string) => boolean): readonly string[] {
    const stream = kept.streams.get(stream_id);
    if (stream === undefined) return [];
    const keys: string[] = [];
    for (const [group, items] of stream) {
      if (!goes(group)) continue;
      stream.delete(group);
      for (const [key, bytes] of items) {
        keys.push(key);
        this.#count(kept, -bytes);
      }
    }
    if (stream.size === 0) kept.streams.delete(stream_id);
    return keys;
  }

  #count(kept: Kept, bytes: number): void {
    const of_tenant = (this.#tenant_bytes.get(kept.tenant) ?? 0) + bytes;
    if (of_tenant > 0) this.#tenant_bytes.set(kept.tenant, of_tenant);
    else this.#tenant_bytes.delete(kept.tenant);
    kept.bytes += bytes;
    this.#bytes += bytes;
  }
}

/** The change that an item is. Its bytes are this program's own: they come from memory, or from behind a seal. */
export function itemOf(value: Uint8Array): StoredChange {
  return deserialize(value) as StoredChange;
}

const WORDS: Readonly<Record<SessionStoreLimit, string>> = {
  ...{ sessions: 'of sessions', session: 'of this session' },
  ...{ tenant: 'of the sessions of this tenant', all: 'of all sessions' },
};

function unsaved(): AtpError {
  return new AtpError('internal_error', 'The session is not kept any more: an earlier change of it was not saved.');
}
