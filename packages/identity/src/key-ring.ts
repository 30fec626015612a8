import { AtpError } from '@atp-router/kernel';
import { type KeyHeaders, presentedKey, type Sha256Hex } from './keys.ts';

/** Who a request comes from. */
export type Principal =
  | { readonly kind: 'tenant'; readonly tenant: string; readonly key_id: string }
  | { readonly kind: 'admin'; readonly key_id: string };

export interface KeyEntry {
  readonly principal: Principal;
  /** 64 lower-case hex digits, see `parseKeyHash`. */
  readonly hash: string;
  readonly state: 'active' | 'disabled' | 'revoked';
}

export type Authentication =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly error: AtpError };

/**
 * The keys of one configuration generation, by hash. A lookup takes one digest and one map access: an attacker cannot
 * steer the digest of a guess, so the map's timing tells nothing about a key. Errors never hold any part of a key.
 */
export class KeyRing {
  readonly #entries: ReadonlyMap<string, KeyEntry>;
  readonly #granted: ReadonlyMap<string, Authentication>;
  readonly #active: ReadonlySet<string>;

  /** Throws `config_invalid` when two keys have the same hash or one owner has two keys of the same id. */
  constructor(entries: Iterable<KeyEntry>) {
    const by_hash = new Map<string, KeyEntry>();
    const granted = new Map<string, Authentication>();
    const names = new Set<string>();
    const active = new Set<string>();
    for (const entry of entries) {
      const name = nameOf(entry.principal);
      const twin = by_hash.get(entry.hash);
      if (twin !== undefined) {
        throw new AtpError('config_invalid', `Keys ${nameOf(twin.principal)} and ${name} have the same hash.`);
      }
      if (names.has(name)) throw new AtpError('config_invalid', `The key ${name} exists twice.`);
      names.add(name);
      by_hash.set(entry.hash, entry);
      if (entry.state !== 'active') continue;
      granted.set(entry.hash, { ok: true, principal: entry.principal });
      active.add(name);
    }
    this.#entries = by_hash;
    this.#granted = granted;
    this.#active = active;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Whether whoever was let in by a key of these may still be here. */
  isActive(principal: Principal): boolean {
    return this.#active.has(nameOf(principal));
  }

  /** Finds the principal of a request, or the `unauthorized` error that says what to do. */
  authenticate(headers: KeyHeaders, sha256Hex: Sha256Hex): Authentication {
    const presented = presentedKey(headers);
    if (presented.kind === 'none')
      return refused('No API key. Send "Authorization: Bearer <key>" or "x-api-key: <key>".');
    if (presented.kind === 'malformed') {
      return refused(`The ${presented.header} header holds no usable API key. Send "Authorization: Bearer <key>".`);
    }
    const hash = sha256Hex(presented.secret);
    return this.#granted.get(hash) ?? refusedEntry(this.#entries.get(hash));
  }
}

function refusedEntry(entry: KeyEntry | undefined): Authentication {
  if (entry === undefined)
    return refused('The API key is not known here. Check that it is complete and for this router.');
  const { key_id } = entry.principal;
  if (entry.state === 'revoked') return refused(`The API key "${key_id}" was revoked. Ask for a new one.`);
  return refused(`The API key "${key_id}" is disabled. Ask an operator to enable it.`);
}

function refused(message: string): Authentication {
  return { ok: false, error: new AtpError('unauthorized', message) };
}

function nameOf(principal: Principal): string {
  return principal.kind === 'admin' ? `admin/${principal.key_id}` : `tenant ${principal.tenant}/${principal.key_id}`;
}
