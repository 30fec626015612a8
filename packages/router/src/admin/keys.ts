import type { Config } from '@atp-router/adapters';
import { AtpError } from '@atp-router/kernel';
import { checkedId, keyEntity, newKey } from '../bootstrap.ts';
import type { OverlayChange } from '../generation/manager.ts';
import { ADMIN_OWNER, type OverlayKey, overlayKeys } from '../generation/overlay.ts';
import type { Changes } from './changes.ts';
import { Fields, needed } from './fields.ts';
import { page, PAGE_QUERY } from './page.ts';
import type { AdminParts } from './parts.ts';
import { type AdminReply, type AdminRequest, type AdminRoutes, created, notFound, ok, param } from './routes.ts';

/** Keys of one owner that work or could be made to work again. */
const KEYS_MAX = 1_000;
/** Revoked keys of one owner that are remembered, so that whoever still uses one is told so. */
const REVOKED_MAX = 100;

/** A key as the API shows it; the file's keys are known by their hash only and have no `display`. */
interface KeyView {
  readonly id: string;
  /** `@admin` for keys of the admin API. */
  readonly tenant: string;
  readonly state: OverlayKey['state'];
  readonly display: string | null;
  readonly source: 'file' | 'admin';
}

/** `/keys`: keys of tenants and of the admin API. A key is shown once, when it is made; its hash is what is kept. */
export function addKeys(routes: AdminRoutes, parts: AdminParts, changes: Changes): void {
  const keys = new Keys(parts, changes);
  routes.get('/keys', ['tenant', ...PAGE_QUERY], (request) => keys.list(request));
  routes.post('/keys', (request) => keys.create(request));
  routes.delete('/keys/:tenant/:id', (request) => keys.set(request, 'revoked'));
  routes.action('/keys/:tenant/:id/disable', (request) => keys.set(request, 'disabled'));
  routes.action('/keys/:tenant/:id/enable', (request) => keys.set(request, 'active'));
}

class Keys {
  readonly #parts: AdminParts;
  readonly #changes: Changes;

  constructor(parts: AdminParts, changes: Changes) {
    this.#parts = parts;
    this.#changes = changes;
  }

  list(request: AdminRequest): AdminReply {
    const tenant = request.query.text('tenant');
    const all = [...this.#fromFile(), ...this.#made().map(viewOf)];
    const wanted = tenant === undefined ? all : all.filter((key) => key.tenant === tenant);
    const { rows, next_cursor } = page(request.query, wanted, (key) => `${key.tenant}/${key.id}`);
    return ok({ data: rows, next_cursor });
  }

  create(request: AdminRequest): Promise<AdminReply> {
    const fields = new Fields(request.body, ['tenant', 'admin', 'id']);
    const is_admin = fields.flag('admin') === true;
    if (is_admin && fields.has('tenant')) {
      throw new AtpError('invalid_request', 'A key is for a "tenant" or for "admin", not for both.', {
        param: 'admin',
      });
    }
    const tenant = is_admin ? ADMIN_OWNER : needed(fields.name('tenant'), 'tenant');
    const asked = fields.name('id');
    return this.#changes.alone(async () => {
      this.#checkRoom(tenant);
      const wanted = asked === undefined ? { tenant } : { tenant, id: asked };
      const made = newKey(tenant, checkedId(this.#parts.manager, wanted));
      await this.#changes.apply([{ op: 'put', entity: keyEntity(made) }], request.by);
      const { id, secret, hash, display } = made;
      return created({ id, tenant, key: secret, hash, display });
    });
  }

  /** Revokes, disables or enables a key. A revoked key stays revoked. */
  set(request: AdminRequest, state: OverlayKey['state']): Promise<AdminReply> {
    const [tenant, id] = [param(request, 0), param(request, 1)];
    return this.#changes.alone(async () => {
      const key = this.#find(tenant, id);
      if (key.state === 'revoked' && state !== 'revoked') {
        throw new AtpError('conflict', `The key "${tenant}/${id}" was revoked for good. Make a new one.`);
      }
      const changed = { ...key, state };
      if (key.state !== state) {
        if (state !== 'active') this.#refuseLastAdmin(key);
        const oldest = state === 'revoked' ? this.#oldestRevoked(tenant) : [];
        await this.#changes.apply([...oldest, putKey(changed)], request.by);
      }
      return ok(viewOf(changed));
    });
  }

  #made(): OverlayKey[] {
    return overlayKeys(this.#parts.manager.overlay);
  }

  #fromFile(): KeyView[] {
    const of = (tenant: string, keys: readonly { readonly id: string }[]): KeyView[] =>
      keys.map(({ id }) => ({ id, tenant, state: 'active', display: null, source: 'file' }));
    const { tenants, admin } = this.#parts.manager.file_config;
    return [...of(ADMIN_OWNER, admin.keys), ...tenants.flatMap((tenant) => of(tenant.id, tenant.keys))];
  }

  #find(tenant: string, id: string): OverlayKey {
    const key = this.#made().find((one) => one.tenant === tenant && one.id === id);
    if (key !== undefined) return key;
    if (!this.#fromFile().some((one) => one.tenant === tenant && one.id === id)) {
      throw notFound(`key "${tenant}/${id}"`);
    }
    const message = `The key "${tenant}/${id}" comes from the configuration file. Edit the file, or stop the key at once with POST /admin/v1/kill.`;
    throw new AtpError('conflict', message, { param: 'id' });
  }

  #checkRoom(tenant: string): void {
    if (tenant !== ADMIN_OWNER && !hasTenant(this.#parts.manager.config, tenant)) throw notFound(`tenant "${tenant}"`);
    const all = [...this.#fromFile(), ...this.#made()].filter((key) => key.tenant === tenant);
    if (all.filter((key) => key.state !== 'revoked').length < KEYS_MAX) return;
    throw new AtpError('conflict', `"${tenant}" has ${KEYS_MAX} keys, the most there may be. Revoke some first.`);
  }

  /** Without an admin key nobody could make one. */
  #refuseLastAdmin(key: OverlayKey): void {
    if (key.tenant !== ADMIN_OWNER) return;
    const all = [...this.#fromFile(), ...this.#made()];
    if (all.some((other) => other.tenant === ADMIN_OWNER && other.id !== key.id && other.state === 'active')) return;
    if (key.state !== 'active') return;
    throw new AtpError('conflict', 'This is the only admin key that works. Make another one first.');
  }

  /** The record of a key that was revoked long ago makes room for a new one. */
  #oldestRevoked(tenant: string): OverlayChange[] {
    const revoked = this.#made().filter((key) => key.tenant === tenant && key.state === 'revoked');
    const oldest = revoked[0];
    return oldest === undefined || revoked.length < REVOKED_MAX
      ? []
      : [{ op: 'remove', kind: 'key', id: `${tenant}/${oldest.id}` }];
  }
}

function putKey(key: OverlayKey): OverlayChange {
  return { op: 'put', entity: { kind: 'key', id: `${key.tenant}/${key.id}`, value: { ...key } } };
}

function viewOf({ id, tenant, state, display }: OverlayKey): KeyView {
  return { id, tenant, state, display, source: 'admin' };
}

function hasTenant(config: Config, id: string): boolean {
  return config.tenants.some((tenant) => tenant.id === id);
}
