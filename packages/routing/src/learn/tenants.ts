import type { Layout } from './layout.ts';
import { TenantLearned } from './learned.ts';

/** Tenants that are learned of; at one more the one that was learned of longest ago goes back to what is believed at first. */
export const TENANTS_MAX = 256;
/** Lengths of all tenants, sums of a model counting for 64: about 32 MB. At more the one that was learned of longest ago goes. */
export const ROOM_MAX = 262_144;
/** Nothing is learned under a longer name. */
export const NAME_CHARS_MAX = 512;

/** What is learned of each tenant by one origin, or by several together. */
export class Tenants {
  readonly #layout: Layout;
  readonly #half_life: number;
  /** The one that was learned of longest ago first. */
  readonly #tenants: Map<string, TenantLearned> = new Map();

  constructor(layout: Layout, half_life: number) {
    this.#layout = layout;
    this.#half_life = half_life;
  }

  get(tenant: string): TenantLearned | undefined {
    return this.#tenants.get(tenant);
  }

  entries(): Iterable<readonly [string, TenantLearned]> {
    return this.#tenants;
  }

  /** To learn of. `dropped` is told of those that go for it. */
  of(tenant: string, tick: number, share: boolean, dropped: (tenant: string) => void = () => {}): TenantLearned {
    const learned = this.#tenants.get(tenant) ?? this.empty(tick, share);
    this.#tenants.delete(tenant);
    this.#tenants.set(tenant, learned);
    let room = 0;
    for (const one of this.#tenants.values()) room += one.room;
    for (const [oldest, one] of this.#tenants) {
      if (oldest === tenant || (this.#tenants.size <= TENANTS_MAX && room <= ROOM_MAX)) break;
      this.#tenants.delete(oldest);
      room -= one.room;
      dropped(oldest);
    }
    return learned;
  }

  empty(tick: number, share: boolean): TenantLearned {
    return new TenantLearned(this.#layout, this.#half_life, tick, share);
  }

  forgetTopics(): void {
    for (const learned of this.#tenants.values()) learned.forgetTopics();
  }
}
