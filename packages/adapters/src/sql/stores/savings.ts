import { type RouteDay, SAVINGS_GROUPS, SAVINGS_SUMS_MAX, type SavingsStore } from '@atp-router/ledger';
import type { SqlDriver } from '../driver.ts';
import { byRouteDay } from '../order.ts';
import { fromRow, ROUTE_DAY, ROUTE_DAY_SUMS, sumOf } from '../shape.ts';
import { Conditions } from './conditions.ts';

/** Sums of every node in the database. */
export function sqlSavingsStore(driver: SqlDriver): SavingsStore {
  return {
    async sums({ tenant, from_day, until_day }, group_by): Promise<readonly RouteDay[]> {
      const where = new Conditions();
      where.equal({ tenant });
      if (from_day !== undefined) where.add('day >= ?', from_day);
      if (until_day !== undefined) where.add('day <= ?', until_day);
      const groups = SAVINGS_GROUPS.filter((name) => group_by.includes(name));
      const names = SAVINGS_GROUPS.map((name) => (groups.includes(name) ? name : `'' AS ${name}`));
      const grouped = groups.length === 0 ? 'HAVING COUNT(*) > 0' : `GROUP BY ${groups.join(', ')}`;
      const newest = groups.includes('day') ? 'ORDER BY day DESC' : '';
      const sql = `SELECT ${[...names, ...ROUTE_DAY_SUMS.map(sumOf)].join(', ')} FROM route_daily ${where} ${grouped} ${newest} LIMIT ${SAVINGS_SUMS_MAX}`;
      const rows = await driver.query(sql, where.params);
      return rows.map((row) => fromRow(ROUTE_DAY, row)).sort(byRouteDay);
    },
  };
}
