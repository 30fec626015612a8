import { hash, hkdfSync } from 'node:crypto';
import { aesGcmSealer, type DataSealer } from '../../secrets/index.ts';
import { openAt, sealAt } from '../sealed.ts';
import type { KeptSession } from '../types.ts';
import type { SessionChanges } from '../worker-protocol.ts';
import type { Call } from './scripts.ts';

/**
 * Raised when the keys, the fields or the items in them change: routers of two versions do not see each other's sessions,
 * and what the older ones leave expires.
 */
const VERSION = 1;

/** A session of this router, as the server knows it. */
export interface Mine {
  readonly session: KeptSession;
  readonly epoch: number;
  readonly sealer: DataSealer;
  /** It has been there: from then on it must be. */
  is_stored: boolean;
  /** How long it is kept without a sign of life. */
  ttl_ms: number;
}

/** What the server has of a session. */
export interface Held {
  readonly session: KeptSession;
  readonly owner: string;
  readonly epoch: number;
  /** Undefined: it had a connection when it was last heard of. */
  readonly since_ms: number | undefined;
  readonly at_ms: number;
  /** Sealed, by key. */
  readonly items: ReadonlyMap<string, string>;
}

/** Of a client that resumes with a token alone, sessions of this name of so many tenants are looked at. */
const NAMED_MAX = 64;

/** A command of the server has a million words at most. */
export const CHANGES_MAX = 400_000;

const ITEM = 'i:';
/** Notes are of whoever began, and no secret. */
const BEGUN = 'b:';

/** The note that the work of a stream has begun, among the items of a session. */
export function begunKey(stream_id: string): string {
  return `begun ${stream_id}`;
}

/** Which calls do what is to be done, for one router. */
export class Codec {
  readonly #prefix: string;
  readonly #owner: string;
  readonly #seal_key: Uint8Array;

  constructor(prefix: string, owner: string, seal_key: Uint8Array) {
    this.#prefix = `${prefix}:${VERSION}`;
    this.#owner = owner;
    this.#seal_key = seal_key;
  }

  /**
   * A key of its own for each session (HKDF, RFC 5869): random nonces are good for 2^32 items under one key, which all
   * routers together would have used up in weeks. Whose the session is goes into the key: who can write to the server
   * cannot make it another's.
   */
  sealerOf({ born, tenant, key_id, session_id }: KeptSession): DataSealer {
    const info = `atp session ${VERSION}\n${JSON.stringify([born, tenant, key_id, session_id])}`;
    return aesGcmSealer(new Uint8Array(hkdfSync('sha256', this.#seal_key, new Uint8Array(), info, 32)));
  }

  save({ items, since }: SessionChanges, mine: Mine, number: number, now_ms: number): Call {
    const { session, epoch, sealer, ttl_ms, is_stored } = mine;
    const puts: string[] = [];
    const drops: string[] = [];
    for (const [key, value] of items) {
      if (value !== undefined) puts.push(ITEM + key, sealAt(sealer, key, value));
      else drops.push(fieldOf(key));
    }
    const { born, tenant, key_id, session_id } = session;
    const since_ms = since === undefined ? '-' : String(since.ms ?? '');
    return {
      script: puts.length > 0 || !is_stored ? 'save' : 'save_less',
      keys: [this.#sessionKey(born), this.#ownerKey(this.#owner), this.#nameKey(session_id), this.#counterKey()],
      args: [
        ...[this.#owner, String(epoch), String(number), String(now_ms), String(ttl_ms), is_stored ? 'old' : 'new'],
        ...[born, tenant, key_id, session_id, since_ms, String(puts.length / 2)],
        ...puts,
        ...drops,
      ],
    };
  }

  drop({ session: { born, tenant, session_id }, epoch }: Mine): Call {
    const keys = [this.#sessionKey(born), this.#ownerKey(this.#owner), this.#nameKey(session_id)];
    return { script: 'drop', keys, args: [this.#owner, String(epoch), born, tenant] };
  }

  renew(all: readonly Mine[], now_ms: number): Call {
    const keys = all.flatMap(({ session: { born, session_id } }) => [
      this.#sessionKey(born),
      this.#nameKey(session_id),
    ]);
    const times = all.flatMap(({ epoch, ttl_ms }) => [String(epoch), String(ttl_ms)]);
    return {
      script: 'renew',
      keys: [this.#ownerKey(this.#owner), ...keys],
      args: [this.#owner, String(now_ms), ...times],
    };
  }

  /** `claim`: whose it has to be still; without it, whatever epoch it has of this router's own. */
  take(
    born: string,
    claim: { readonly owner: string; readonly epoch: number } | undefined,
    times: { readonly now_ms: number; readonly alive_ms: number; readonly ttl_ms: number },
  ): Call {
    const owner = claim?.owner ?? this.#owner;
    return {
      script: 'take',
      keys: [this.#sessionKey(born), this.#ownerKey(owner), this.#ownerKey(this.#owner), this.#counterKey()],
      args: [
        ...[owner, claim === undefined ? '*' : String(claim.epoch), this.#owner, born],
        ...[String(times.now_ms), String(times.alive_ms), String(times.ttl_ms)],
      ],
    };
  }

  begin({ session: { born }, epoch }: Mine, stream_id: string, mark: string): Call {
    const args = [this.#owner, String(epoch), BEGUN + begunKey(stream_id), mark];
    return { script: 'begin', keys: [this.#sessionKey(born)], args };
  }

  find(session_id: string, tenant: string | undefined): Call {
    const args = [this.#sessionKey(''), tenant ?? '', String(NAMED_MAX)];
    return { script: 'find', keys: [this.#nameKey(session_id)], args };
  }

  mine(): Call {
    return { script: 'mine', keys: [this.#ownerKey(this.#owner)], args: [] };
  }

  #sessionKey(born: string): string {
    return `${this.#prefix}:s:${born}`;
  }

  #ownerKey(owner: string): string {
    return `${this.#prefix}:o:${owner}`;
  }

  /** Names are a client's, and may be anything. */
  #nameKey(session_id: string): string {
    return `${this.#prefix}:n:${hash('sha256', session_id, 'hex')}`;
  }

  #counterKey(): string {
    return `${this.#prefix}:counter`;
  }
}

/** The answer of `take`: names and values in turn. Undefined: there was nothing to take. */
export function heldOf(born: string, value: unknown): Held | undefined {
  if (!Array.isArray(value)) return undefined;
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < value.length; i += 2) fields.set(String(value[i]), String(value[i + 1]));
  const items = new Map<string, string>();
  for (const [name, text] of fields) if (name.startsWith(ITEM)) items.set(name.slice(ITEM.length), text);
  const text = (name: string): string => fields.get(name) ?? '';
  return held([text('@owner'), text('@epoch'), text('@tenant'), text('@key'), text('@id')], born, items, [
    ...[text('@since'), text('@at')],
  ]);
}

/** The answer of `find`. */
export function foundOf(value: unknown): readonly Held[] {
  if (!Array.isArray(value)) return [];
  return value.map((one: readonly unknown[]) => {
    const [owner, epoch, tenant, key_id, session_id, since, at, sealed, born] = one.map((part) => String(part ?? ''));
    const items = new Map([['session', sealed ?? '']]);
    return held([owner, epoch, tenant, key_id, session_id], born ?? '', items, [since, at]);
  });
}

/** The items of a session, opened. Throws when one was sealed with another key, or for another place. */
export function openAll(items: ReadonlyMap<string, string>, sealer: DataSealer): readonly Uint8Array[] {
  return [...items].map(([key, sealed]) => openAt(sealer, key, sealed));
}

function held(
  [owner = '', epoch, tenant = '', key_id = '', session_id = '']: readonly (string | undefined)[],
  born: string,
  items: ReadonlyMap<string, string>,
  [since, at]: readonly (string | undefined)[],
): Held {
  const since_ms = since === undefined || since === '' ? undefined : Number(since);
  return {
    session: { tenant, key_id, session_id, born },
    ...{ owner, epoch: Number(epoch), since_ms, at_ms: Number(at), items },
  };
}

function fieldOf(key: string): string {
  return key.startsWith('begun ') ? BEGUN + key : ITEM + key;
}
