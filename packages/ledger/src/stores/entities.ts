import type { EntityKind } from '../events.ts';
import type { EntityRow, KillRow } from '../state/operator.ts';

/** Reads what operators made through the admin API, and what they stopped. */
export interface EntityStore {
  /** Ordered by id. */
  list(kind: EntityKind): Promise<readonly EntityRow[]>;
  get(kind: EntityKind, id: string): Promise<EntityRow | undefined>;
  /** Ordered by scope, then id. */
  kills(): Promise<readonly KillRow[]>;
}
