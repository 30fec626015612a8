import type { EntityKind, JournalRecord, KillScope } from '../events.ts';

/** Something that an operator stopped. Lifting it removes the row. */
export interface KillRow {
  readonly scope: KillScope;
  readonly id: string;
  readonly reason: string;
  readonly by: string;
  readonly since_ms: number;
}

/** A tenant, key, model or provider that was made or changed through the admin API. */
export interface EntityRow {
  readonly kind: EntityKind;
  readonly id: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly by: string;
  readonly changed_ms: number;
}

/** What a record does to one kill or entity; `row: null` removes it. */
export type OperatorChange =
  | {
      readonly table: 'kills';
      readonly key: string;
      readonly scope: KillScope;
      readonly id: string;
      readonly row: KillRow | null;
    }
  | {
      readonly table: 'entities';
      readonly key: string;
      readonly kind: EntityKind;
      readonly id: string;
      readonly row: EntityRow | null;
    };

export function operatorChange(record: JournalRecord): OperatorChange | undefined {
  switch (record.type) {
    case 'kill.set': {
      const { scope, id, reason, by, since_ms } = record;
      const row = record.on ? { scope, id, reason, by, since_ms: since_ms ?? record.ts_ms } : null;
      return { table: 'kills', key: pairKey(scope, id), scope, id, row };
    }
    case 'entity.put': {
      const { kind, id, value, by, ts_ms } = record;
      return { table: 'entities', key: pairKey(kind, id), kind, id, row: { kind, id, value, by, changed_ms: ts_ms } };
    }
    case 'entity.deleted':
      return { table: 'entities', key: pairKey(record.kind, record.id), kind: record.kind, id: record.id, row: null };
    default:
      return undefined;
  }
}

function pairKey(kind: string, id: string): string {
  return JSON.stringify([kind, id]);
}

/** Kills and entities at some point of the journal. */
export class OperatorState {
  readonly #kills: Map<string, KillRow> = new Map();
  readonly #entities: Map<string, EntityRow> = new Map();

  constructor(kills: Iterable<KillRow> = [], entities: Iterable<EntityRow> = []) {
    for (const row of kills) this.#kills.set(pairKey(row.scope, row.id), row);
    for (const row of entities) this.#entities.set(pairKey(row.kind, row.id), row);
  }

  kills(): KillRow[] {
    return [...this.#kills.values()];
  }

  entities(): EntityRow[] {
    return [...this.#entities.values()];
  }

  apply(record: JournalRecord): void {
    const change = operatorChange(record);
    if (change === undefined) return;
    if (change.table === 'kills') set(this.#kills, change.key, change.row);
    else set(this.#entities, change.key, change.row);
  }
}

function set<T>(rows: Map<string, T>, key: string, row: T | null): void {
  if (row === null) rows.delete(key);
  else rows.set(key, row);
}
