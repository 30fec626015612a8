import type { Config } from '@atp-router/adapters';
import { AtpError, type JsonObject } from '@atp-router/kernel';
import type { OverlayChange } from '../generation/manager.ts';
import { overlayKeys } from '../generation/overlay.ts';
import type { Changes } from './changes.ts';
import { entityInput } from './entity-input.ts';
import { type ConfigSchemas, masked } from './mask.ts';
import { page, PAGE_QUERY } from './page.ts';
import type { AdminParts } from './parts.ts';
import { type AdminReply, type AdminRequest, type AdminRoutes, created, notFound, ok, param } from './routes.ts';

const KINDS = [
  { kind: 'tenant', list: 'tenants' },
  { kind: 'model', list: 'models' },
  { kind: 'provider', list: 'providers' },
] as const;

type Kind = (typeof KINDS)[number];

/** `/tenants`, `/models`, `/providers`: the entries of the configuration and those made here, in one list. */
export function addEntities(routes: AdminRoutes, parts: AdminParts, changes: Changes, schemas: ConfigSchemas): void {
  for (const kind of KINDS) {
    const entities = new Entities(kind, parts, changes, schemas);
    const path = `/${kind.list}`;
    routes.get(path, PAGE_QUERY, (request) => entities.list(request));
    routes.post(path, (request) => entities.create(request));
    routes.get(`${path}/:id`, [], (request) => ok(entities.view(param(request))));
    routes.put(`${path}/:id`, (request) => entities.replace(request));
    routes.delete(`${path}/:id`, (request) => entities.remove(request));
  }
}

class Entities {
  readonly #kind: Kind;
  readonly #parts: AdminParts;
  readonly #changes: Changes;
  readonly #schemas: ConfigSchemas;

  constructor(kind: Kind, parts: AdminParts, changes: Changes, schemas: ConfigSchemas) {
    this.#kind = kind;
    this.#parts = parts;
    this.#changes = changes;
    this.#schemas = schemas;
  }

  list(request: AdminRequest): AdminReply {
    const entries: readonly { readonly id: string }[] = this.#parts.manager.config[this.#kind.list];
    const { rows, next_cursor } = page(request.query, entries, (entry) => entry.id);
    return ok({ data: rows.map((entry) => this.#show(entry)), next_cursor });
  }

  /** Throws `not_found`. */
  view(id: string): object {
    const entry = find(this.#parts.manager.config, this.#kind, id);
    if (entry === undefined) throw notFound(`${this.#kind.kind} "${id}"`);
    return this.#show(entry);
  }

  create(request: AdminRequest): Promise<AdminReply> {
    const { id, value } = entityInput(this.#kind.kind, request.body, undefined);
    return this.#changes.alone(async () => {
      if (find(this.#parts.manager.config, this.#kind, id) !== undefined) {
        const message = `The ${this.#kind.kind} "${id}" exists already. PUT /admin/v1/${this.#kind.list}/… replaces it.`;
        throw new AtpError('conflict', message, { param: 'id' });
      }
      await this.#put(id, value, request.by);
      return created(this.view(id));
    });
  }

  replace(request: AdminRequest): Promise<AdminReply> {
    const { id, value } = entityInput(this.#kind.kind, request.body, param(request));
    return this.#changes.alone(async () => {
      this.#refuseConfigured(id);
      const is_new = find(this.#parts.manager.config, this.#kind, id) === undefined;
      await this.#put(id, value, request.by);
      return is_new ? created(this.view(id)) : ok(this.view(id));
    });
  }

  remove(request: AdminRequest): Promise<AdminReply> {
    const id = param(request);
    const { kind } = this.#kind;
    return this.#changes.alone(async () => {
      const { manager } = this.#parts;
      this.#refuseConfigured(id);
      if (find(manager.config, this.#kind, id) === undefined) throw notFound(`${kind} "${id}"`);
      // A tenant made anew under this name must not inherit the keys of the old one.
      const keys = kind === 'tenant' ? overlayKeys(manager.overlay).filter((key) => key.tenant === id) : [];
      const gone: OverlayChange[] = keys.map((key) => ({ op: 'remove', kind: 'key', id: `${id}/${key.id}` }));
      // And a model made anew is not what the old one was found to be.
      const papers = manager.overlay.some((one) => one.kind === 'papers' && one.id === id);
      if (kind === 'model' && papers) gone.push({ op: 'remove', kind: 'papers', id });
      await this.#changes.apply([...gone, { op: 'remove', kind, id }], request.by, 'conflict');
      return ok({ id, deleted: true });
    });
  }

  #put(id: string, value: JsonObject, by: string): Promise<void> {
    return this.#changes.apply([{ op: 'put', entity: { kind: this.#kind.kind, id, value } }], by);
  }

  #refuseConfigured(id: string): void {
    if (find(this.#parts.manager.file_config, this.#kind, id) === undefined) return;
    const what = `The ${this.#kind.kind} "${id}"`;
    const message =
      this.#parts.origin.kind === 'file'
        ? `${what} comes from the configuration file. Edit the file; the router picks it up.`
        : `${what} was discovered at the start, because there is no configuration file. Write an atp.yaml with what you want, and start the router with it.`;
    throw new AtpError('conflict', message, { param: 'id' });
  }

  #show(entry: { readonly id: string }): object {
    const configured = find(this.#parts.manager.file_config, this.#kind, entry.id) !== undefined;
    const source = configured ? this.#parts.origin.kind : 'admin';
    return { ...(masked(entry, this.#schemas[this.#kind.list]) as object), source };
  }
}

function find(config: Config, kind: Kind, id: string): { readonly id: string } | undefined {
  const entries: readonly { readonly id: string }[] = config[kind.list];
  return entries.find((entry) => entry.id === id);
}
