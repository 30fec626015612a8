import { openPostgres } from '@atp-router/adapters/sql';
import type { CallEnded } from '@atp-router/ledger';
import { settled } from './time.ts';

export interface Amounts {
  readonly calls: number;
  readonly tokens: number;
  readonly usd_nanos: number;
}

export const NOTHING: Amounts = { calls: 0, tokens: 0, usd_nanos: 0 };

/** The numbers in the only row of an answer, asked past every router. */
export async function numbers(url: string, sql: string): Promise<readonly number[]> {
  const driver = openPostgres(url, { connections: 1 });
  try {
    const [row = {}] = await driver.query(sql);
    return Object.values(row).map(Number);
  } finally {
    await driver.close();
  }
}

export interface SharedTotals {
  readonly spent: Amounts;
  readonly reserved: Amounts;
  /** Reservations that no router has ended. */
  readonly unended: number;
}

/** What the shared tables say. */
export async function totalsOf(url: string): Promise<SharedTotals> {
  const sums = ['calls', 'tokens', 'usd_nanos'].flatMap((name) => [
    `CAST(COALESCE(SUM(spent_${name}), 0) AS BIGINT) AS s_${name}`,
    `CAST(COALESCE(SUM(reserved_${name}), 0) AS BIGINT) AS r_${name}`,
  ]);
  const [calls = 0, r_calls = 0, tokens = 0, r_tokens = 0, usd_nanos = 0, r_usd_nanos = 0, unended = 0] = await numbers(
    url,
    `SELECT ${sums.join(', ')}, (SELECT COUNT(*) FROM shared_reservations WHERE state IN ('held', 'lapsed')) AS unended
     FROM shared_accounts`,
  );
  return {
    spent: { calls, tokens, usd_nanos },
    reserved: { calls: r_calls, tokens: r_tokens, usd_nanos: r_usd_nanos },
    unended,
  };
}

/** Until every reservation has ended; what then is spent. */
export async function restingTotals(url: string): Promise<Amounts> {
  for (;;) {
    const { spent, unended } = await totalsOf(url);
    if (unended === 0) return spent;
    await settled();
  }
}

/** What the records of all routers' calls add up to, as far as their journals were projected. */
export async function recorded(url: string): Promise<Amounts> {
  const sums = ['calls', 'tokens', 'cost_usd_nanos'].map(
    (name) => `CAST(COALESCE(SUM(${name}), 0) AS BIGINT) AS ${name}`,
  );
  const [calls = 0, tokens = 0, usd_nanos = 0] = await numbers(url, `SELECT ${sums.join(', ')} FROM budget_daily`);
  return { calls, tokens, usd_nanos };
}

/** What calls used, by their own last events. */
export function usedBy(ended: readonly CallEnded[]): Amounts {
  return {
    calls: ended.length,
    tokens: ended.reduce((sum, { usage }) => sum + usage.in_tokens + usage.out_tokens, 0),
    usd_nanos: ended.reduce((sum, { cost_usd_nanos }) => sum + cost_usd_nanos, 0),
  };
}
