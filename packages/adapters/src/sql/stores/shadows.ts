import { COMPARISONS_MAX, type ShadowCompared, type ShadowStore } from '@atp-router/ledger';
import type { SqlDriver } from '../driver.ts';

/** Comparisons of every node in the database. */
export function sqlShadowStore(driver: SqlDriver): ShadowStore {
  return {
    async of(model, from_ms, limit) {
      const rows = await driver.query(
        `SELECT event FROM shadow_comparisons WHERE (challenger = $1 OR champion = $1) AND at_ms >= $2
         ORDER BY at_ms DESC, node_id DESC, epoch DESC, seq DESC LIMIT $3`,
        [model, from_ms, Math.min(limit, COMPARISONS_MAX)],
      );
      return rows.map((row) => JSON.parse(String(row['event'])) as ShadowCompared).reverse();
    },
  };
}
