import { hash as nodeHash, randomBytes } from 'node:crypto';
import { writeLocalAdminKey } from '@atp-router/adapters';
import { KEY_RANDOM_BYTES, makeKey } from '@atp-router/identity';
import { AtpError } from '@atp-router/kernel';
import type { GenerationManager } from './generation/manager.ts';
import { ADMIN_OWNER, type OverlayEntity, type OverlayKey, overlayKeys } from './generation/overlay.ts';
import type { EventBus } from './observe/event-bus.ts';

/** The tenant of a router whose configuration names none. */
export const DEFAULT_TENANT = 'default';

/** The admin key that a router makes for the command line on its own machine. */
const LOCAL_ADMIN_KEY = 'local';

const BY = 'bootstrap';

/** A key that was just made. `secret` is shown once and kept nowhere. */
export interface MadeKey {
  readonly id: string;
  /** `@admin` for a key of the admin API. */
  readonly tenant: string;
  readonly secret: string;
  /** `sha256:` and 64 hex digits, as the configuration file takes it. */
  readonly hash: string;
  readonly display: string;
}

export interface KeyParts {
  readonly manager: GenerationManager;
  readonly bus: Pick<EventBus, 'append' | 'written'>;
}

export interface KeyRequest {
  /** A tenant's id, or `@admin`. */
  readonly tenant: string;
  /** Default: the first free of `k1`, `k2`, … */
  readonly id?: string;
  /** Who makes it, for the record: the id of an admin key, or `bootstrap`. */
  readonly by: string;
}

/**
 * Makes a key and brings it into force: in the journal first, then in memory. Throws `not_found` for an unknown tenant,
 * `conflict` for an id that is in use, `invalid_request` for one that is no name.
 */
export async function createKey(parts: KeyParts, request: KeyRequest): Promise<MadeKey> {
  const { manager } = parts;
  const { tenant } = request;
  if (tenant !== ADMIN_OWNER && !manager.config.tenants.some((one) => one.id === tenant)) {
    const message = `There is no tenant "${tenant.slice(0, ID_CHARS_MAX)}". Make it first, or name another.`;
    throw new AtpError('not_found', message, { param: 'tenant' });
  }
  const made = newKey(tenant, checkedId(manager, request));
  await apply(parts, [keyEntity(made)], request.by);
  return made;
}

/** What the first start of a data directory made. */
export interface Bootstrapped {
  /** The tenant that was made because there was none. */
  readonly tenant?: string;
  /** Its first key. */
  readonly key?: MadeKey;
  /** The admin key that was made because there was none; it is in `admin.key` of the data directory. */
  readonly admin_key?: MadeKey;
}

/**
 * Gives a router without tenants the tenant `default` and a key, and one without admin keys an admin key. All are
 * ordinary entities, as if made through the admin API: in the journal, listed, changed and deleted there. Does nothing
 * when they exist, in whatever state: a revoked key is not replaced behind the operator's back.
 */
export async function bootstrap(parts: KeyParts, data_dir: string): Promise<Bootstrapped> {
  const { manager } = parts;
  const tenant = manager.config.tenants.length === 0 ? DEFAULT_TENANT : undefined;
  // A tenant of that name in the file is the operator's, who may want it without keys.
  const is_ours = tenant !== undefined || manager.overlay.some((e) => e.kind === 'tenant' && e.id === DEFAULT_TENANT);
  const key = is_ours && countKeys(manager, DEFAULT_TENANT) === 0 ? newKey(DEFAULT_TENANT, 'k1') : undefined;
  const admin_key = countKeys(manager, ADMIN_OWNER) === 0 ? newKey(ADMIN_OWNER, LOCAL_ADMIN_KEY) : undefined;
  const made = [key, admin_key].filter((one) => one !== undefined).map(keyEntity);
  if (tenant !== undefined) made.unshift({ kind: 'tenant', id: tenant, value: { id: tenant } });
  if (made.length > 0) {
    // The file comes before the journal: a key that only the file knows is replaced at the next start, but one that only
    // the journal knows would lock the operator out.
    if (admin_key !== undefined) writeLocalAdminKey(data_dir, admin_key.secret);
    await apply(parts, made, BY);
  }
  return {
    ...(tenant === undefined ? {} : { tenant }),
    ...(key === undefined ? {} : { key }),
    ...(admin_key === undefined ? {} : { admin_key }),
  };
}

/** How many keys an owner has, from the file and the admin API, in whatever state. */
export function countKeys(manager: GenerationManager, tenant: string): number {
  return keyIds(manager, tenant).size;
}

const ID_CHARS_MAX = 64;
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** The id asked for, or a free one. Throws `invalid_request` for what is no name, `conflict` for one that is in use. */
export function checkedId(manager: GenerationManager, { tenant, id }: Pick<KeyRequest, 'tenant' | 'id'>): string {
  const taken = keyIds(manager, tenant);
  if (id === undefined) return freeId(taken);
  if (!ID.test(id)) {
    const message = `"${id.slice(0, ID_CHARS_MAX)}" is no name for a key: 1 to 64 letters, digits, ".", "_" or "-", starting with a letter or digit.`;
    throw new AtpError('invalid_request', message, { param: 'id' });
  }
  if (!taken.has(id)) return id;
  const owner = tenant === ADMIN_OWNER ? 'The admin API' : `Tenant "${tenant}"`;
  const message = `${owner} already has a key "${id}". Choose another id, or leave it out to get a free one.`;
  throw new AtpError('conflict', message, { param: 'id' });
}

function freeId(taken: ReadonlySet<string>): string {
  for (let n = 1; ; n += 1) if (!taken.has(`k${n}`)) return `k${n}`;
}

function keyIds(manager: GenerationManager, tenant: string): ReadonlySet<string> {
  const { config, overlay } = manager;
  const declared =
    tenant === ADMIN_OWNER ? config.admin.keys : (config.tenants.find((one) => one.id === tenant)?.keys ?? []);
  const made = overlayKeys(overlay).filter((key) => key.tenant === tenant);
  return new Set([...declared, ...made].map((key) => key.id));
}

/** Makes a key; it lets nobody in until its entity is in force. */
export function newKey(tenant: string, id: string): MadeKey {
  const { secret, hash, display } = makeKey(randomBytes(KEY_RANDOM_BYTES), (text) => nodeHash('sha256', text, 'hex'));
  return { id, tenant, secret, hash: `sha256:${hash}`, display };
}

/** What is stored of a key. */
export function keyEntity({ id, tenant, hash, display }: MadeKey): OverlayEntity {
  const value: OverlayKey = { id, tenant, hash, display, state: 'active' };
  return { kind: 'key', id: `${tenant}/${id}`, value: { ...value } };
}

/** All of it or nothing. Throws `config_invalid` when the configuration with it would not hold. */
async function apply({ manager, bus }: KeyParts, entities: readonly OverlayEntity[], by: string): Promise<void> {
  const changes = entities.map((entity) => ({ op: 'put', entity }) as const);
  const result = await manager.change(changes, () => {
    for (const entity of entities) bus.append({ type: 'entity.put', ...entity, by });
    return bus.written();
  });
  if (result.ok) return;
  const [first] = result.problems;
  throw new AtpError('config_invalid', `${first?.path ?? ''} ${first?.message ?? ''}`.trim());
}
