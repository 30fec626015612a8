import type { Kills } from './facts.ts';

export type KillScope = 'key' | 'model' | 'provider' | 'tenant';

/** What operators have switched off, by scope and id. Bounded by what the admin API lets exist. */
export class KillSwitches implements Kills {
  readonly #off: Readonly<Record<KillScope, Set<string>>> = {
    key: new Set(),
    model: new Set(),
    provider: new Set(),
    tenant: new Set(),
  };

  /** Returns whether that changed anything. */
  set(scope: KillScope, id: string, off: boolean): boolean {
    const ids = this.#off[scope];
    if (ids.has(id) === off) return false;
    if (off) ids.add(id);
    else ids.delete(id);
    return true;
  }

  key(id: string): boolean {
    return this.#off.key.has(id);
  }

  tenant(id: string): boolean {
    return this.#off.tenant.has(id);
  }

  model(id: string): boolean {
    return this.#off.model.has(id);
  }

  provider(id: string): boolean {
    return this.#off.provider.has(id);
  }

  list(scope: KillScope): readonly string[] {
    return [...this.#off[scope]];
  }
}
