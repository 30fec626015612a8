import { AtpError } from '@atp-router/kernel';
import type { KillRow, KillScope } from '@atp-router/ledger';
import { overlayKeys } from '../generation/overlay.ts';
import type { Changes } from './changes.ts';
import { answersIn, ASKED } from './everywhere.ts';
import { Fields, needed } from './fields.ts';
import type { AdminParts } from './parts.ts';
import { type AdminReply, type AdminRequest, type AdminRoutes, notFound, ok } from './routes.ts';

const SCOPES: readonly KillScope[] = ['key', 'model', 'provider', 'tenant'];

/** Switches that are on at one time: each is looked at by people. */
const KILLS_MAX = 1_000;
const ID_CHARS_MAX = 512;
const REASON_CHARS_MAX = 500;

/** `/kill`: stops a key, model, provider or tenant at once, with its running streams, until it is lifted. */
export function addKill(routes: AdminRoutes, parts: AdminParts, changes: Changes): void {
  const kills = new Kills(parts, changes);
  routes.get('/kill', [], () => ok({ data: kills.list() }));
  routes.post('/kill', (request) => kills.set(request));
}

class Kills {
  readonly #parts: AdminParts;
  readonly #changes: Changes;
  readonly #on: Map<string, KillRow>;

  constructor(parts: AdminParts, changes: Changes) {
    this.#parts = parts;
    this.#changes = changes;
    this.#on = new Map(parts.ledger.start.kills.map((row) => [keyOf(row.scope, row.id), row]));
  }

  list(): KillRow[] {
    return [...this.#on.values()];
  }

  set(request: AdminRequest): AdminReply | Promise<AdminReply> {
    const fields = new Fields(request.body, ['scope', 'id', 'on', 'reason']);
    const scope = needed(fields.oneOf('scope', SCOPES), 'scope');
    const id = needed(fields.text('id', ID_CHARS_MAX), 'id');
    const on = needed(fields.flag('on'), 'on');
    const reason = fields.text('reason', REASON_CHARS_MAX);
    const { by } = request;
    if (on) return this.#stop(scope, id, needed(reason, 'reason'), by);
    return this.#changes.alone(() => this.#lift(scope, id, reason ?? '', by));
  }

  /** A stop does not wait for the disk: it is in force first and on its way to the journal in the same turn. */
  async #stop(scope: KillScope, id: string, reason: string, by: string): Promise<AdminReply> {
    const { engine, bus, others } = this.#parts;
    this.#checkKnown(scope, id);
    const key = keyOf(scope, id);
    if (!this.#on.has(key) && this.#on.size >= KILLS_MAX) {
      throw new AtpError('conflict', `${KILLS_MAX} kill switches are on, the most there may be. Lift some first.`);
    }
    const since_ms = this.#on.get(key)?.since_ms ?? engine.parts.ambient.clock.now_ms();
    this.#on.set(key, { scope, id, reason, by, since_ms });
    engine.parts.kills.set(scope, id, true);
    // Asked before they are told of the switch: what they stop by that nobody would count.
    const elsewhere = others?.ask(ASKED.stop, { scope, id, reason, by, since_ms });
    const stopped_here = engine.kill(scope, id, reason);
    bus.append({ type: 'kill.set', scope, id, on: true, reason, by, stopped_calls: stopped_here, since_ms });
    const answers = answersIn<number>((await elsewhere) ?? []);
    const stopped_calls = answers.reduce((sum, one) => sum + one, stopped_here);
    try {
      await bus.written();
    } catch (cause) {
      const message = `The switch is on, but it could not be recorded and would not survive a restart. ${stopped_calls} calls were stopped.`;
      throw new AtpError('internal_error', message, { status: 503, cause });
    }
    return ok({ scope, id, on: true, stopped_calls });
  }

  async #lift(scope: KillScope, id: string, reason: string, by: string): Promise<AdminReply> {
    const { engine, bus, ledger } = this.#parts;
    const key = keyOf(scope, id);
    const row = this.#on.get(key);
    if (row !== undefined) {
      if (ledger.journal.failure !== undefined) throw ledger.journal.failure;
      bus.append({ type: 'kill.set', scope, id, on: false, reason, by, stopped_calls: 0, since_ms: null });
      try {
        await bus.written();
      } catch (error) {
        // The record may still reach the disk; the switch is on, so the journal has to end with that.
        bus.append({ type: 'kill.set', ...row, on: true, stopped_calls: 0 });
        throw error;
      }
      // Somebody may have stopped it again meanwhile: that is the newer word.
      if (this.#on.get(key) === row) {
        this.#on.delete(key);
        engine.parts.kills.set(scope, id, false);
      }
    }
    return ok({ scope, id, on: false, stopped_calls: 0 });
  }

  /** A misspelt name must not look like a stop. Throws `not_found`. */
  #checkKnown(scope: KillScope, id: string): void {
    const { manager } = this.#parts;
    const { registry } = manager.generation;
    const { tenants, providers } = manager.config;
    if (scope === 'tenant' && !tenants.some((tenant) => tenant.id === id)) throw notFound(`tenant "${id}"`);
    if (scope === 'provider' && !providers.some((provider) => provider.id === id)) throw notFound(`provider "${id}"`);
    if (scope === 'model') {
      const named = registry.lookup(id);
      // Switches go by the model's own id, which a name like <provider>/<upstream model> may only stand for.
      if (named?.kind !== 'model' || named.model.id !== id) throw notFound(`model "${id}"`);
    }
    if (scope === 'key' && !this.#keyNames().includes(id)) {
      throw notFound(`key "${id}" of a tenant; the id is <tenant>/<key id>`);
    }
  }

  #keyNames(): string[] {
    const { manager } = this.#parts;
    const declared = manager.config.tenants.flatMap((tenant) => tenant.keys.map((key) => `${tenant.id}/${key.id}`));
    const made = overlayKeys(manager.overlay).map((key) => `${key.tenant}/${key.id}`);
    return [...declared, ...made].filter((name) => !name.startsWith('@'));
  }
}

function keyOf(scope: KillScope, id: string): string {
  return `${scope} ${id}`;
}
