import type { EntityKind, EntityRow, EntityStore, KillRow, KillScope } from '@atp-router/ledger';
import type { SqlDriver, SqlRow } from '../driver.ts';
import { byEntity, byKill } from '../order.ts';

/** What operators made at one node. */
export function sqlEntityStore(driver: SqlDriver, node_id: string): EntityStore {
  return {
    async list(kind: EntityKind): Promise<readonly EntityRow[]> {
      const rows = await driver.query('SELECT * FROM entities WHERE node_id = $1 AND kind = $2', [node_id, kind]);
      return rows.map(entityRow).sort(byEntity);
    },
    async get(kind: EntityKind, id: string): Promise<EntityRow | undefined> {
      const sql = 'SELECT * FROM entities WHERE node_id = $1 AND kind = $2 AND id = $3';
      const [row] = await driver.query(sql, [node_id, kind, id]);
      return row && entityRow(row);
    },
    async kills(): Promise<readonly KillRow[]> {
      const rows = await driver.query('SELECT * FROM kills WHERE node_id = $1', [node_id]);
      return rows.map(killRow).sort(byKill);
    },
  };
}

export function entityRow(row: SqlRow): EntityRow {
  return {
    kind: String(row['kind']) as EntityKind,
    id: String(row['id']),
    value: JSON.parse(String(row['value'])) as EntityRow['value'],
    by: String(row['changed_by']),
    changed_ms: Number(row['changed_ms']),
  };
}

export function killRow(row: SqlRow): KillRow {
  return {
    scope: String(row['scope']) as KillScope,
    id: String(row['id']),
    reason: String(row['reason']),
    by: String(row['set_by']),
    since_ms: Number(row['since_ms']),
  };
}
