import type { Clock } from '@atp-router/kernel';
import type { BudgetAccount, BudgetAmounts, BudgetStore, BudgetTotals, ReserveResult } from '@atp-router/ledger';
import {
  addAmounts,
  checkAccounts,
  checkAmounts,
  FORGET_ACCOUNT_MS,
  findRefusal,
  negative,
  REMEMBER_MS,
  usedTwice,
  ZERO_AMOUNTS,
} from '../amounts.ts';
import type { SqlDriver, SqlQueries, SqlRow } from '../driver.ts';
import { capped } from '../shape.ts';

/** Lapsed reservations that a refused one looks for before it gives up. */
const SWEEP_ON_REFUSAL = 64;

/** Leases that one statement moves: each holds a row lock until it is done. */
const RENEWED_AT_ONCE = 200;

/**
 * Locks are always taken in the same order, accounts by key and then the reservation, so that transactions wait for each
 * other and never in a circle.
 */
export function sqlBudgetStore(driver: SqlDriver, clock: Clock): BudgetStore {
  return new SqlBudgetStore(driver, clock);
}

/** As doubles or decimals: what many calls hold together may be more than a driver reads as an integer. */
const ACCOUNT_AMOUNTS = ['calls', 'tokens', 'usd_nanos']
  .flatMap((name) => [`spent_${name}`, `reserved_${name}`])
  .map((name) => `${name} * 1.0 AS ${name}`)
  .join(', ');

type EndState = 'settled' | 'released' | 'lapsed';

class SqlBudgetStore implements BudgetStore {
  readonly #driver: SqlDriver;
  readonly #clock: Clock;

  constructor(driver: SqlDriver, clock: Clock) {
    this.#driver = driver;
    this.#clock = clock;
  }

  async reserve(request: Parameters<BudgetStore['reserve']>[0]): Promise<ReserveResult> {
    checkAccounts(request.accounts);
    checkAmounts(request.amounts, 'reserve');
    const result = await this.#tryReserve(request);
    if (result.kind !== 'refused') return result;
    // What dead routers hold must not refuse a live call.
    return (await this.#lapse(SWEEP_ON_REFUSAL)) > 0 ? this.#tryReserve(request) : result;
  }

  #tryReserve(request: Parameters<BudgetStore['reserve']>[0]): Promise<ReserveResult> {
    const { reservation_id, owner, accounts, amounts, lease_ms } = request;
    const now_ms = this.#clock.now_ms();
    return this.#driver.transaction(async (tx) => {
      const refusal = await takeIfFree(tx, accounts, amounts, now_ms);
      if (refusal !== undefined) return refusal;
      const { calls, tokens, usd_nanos } = amounts;
      const made = await tx.query(
        `INSERT INTO shared_reservations (reservation_id, owner, state, accounts, calls, tokens, usd_nanos, expires_ms)
         VALUES ($1, $2, 'held', $3, $4, $5, $6, $7) ON CONFLICT (reservation_id) DO NOTHING RETURNING reservation_id`,
        [reservation_id, owner, JSON.stringify(accounts), calls, tokens, usd_nanos, now_ms + lease_ms],
      );
      if (made.length === 0) throw usedTwice(reservation_id);
      return { kind: 'reserved' };
    });
  }

  async extend(request: Parameters<BudgetStore['extend']>[0]): Promise<ReserveResult> {
    const { reservation_id, amounts, lease_ms } = request;
    checkAmounts(amounts, 'extend');
    const now_ms = this.#clock.now_ms();
    return this.#driver.transaction(async (tx) => {
      const accounts = await accountsOf(tx, reservation_id);
      if (accounts === undefined) return { kind: 'gone' };
      await lockAccounts(tx, accounts, now_ms);
      const { calls, tokens, usd_nanos } = amounts;
      // Locks the reservation; the amounts follow once the accounts have room for them.
      const held = await tx.query(
        `UPDATE shared_reservations SET calls = calls WHERE reservation_id = $1 AND state = 'held' RETURNING calls`,
        [reservation_id],
      );
      if (held.length === 0) return { kind: 'gone' };
      const refusal = await takeIfFree(tx, accounts, amounts, now_ms);
      if (refusal !== undefined) return refusal;
      await tx.query(
        `UPDATE shared_reservations SET calls = calls + $2, tokens = tokens + $3, usd_nanos = usd_nanos + $4,
         expires_ms = $5 WHERE reservation_id = $1`,
        [reservation_id, calls, tokens, usd_nanos, now_ms + lease_ms],
      );
      return { kind: 'reserved' };
    });
  }

  async settle(reservation_id: string, actual: BudgetAmounts): Promise<boolean> {
    checkAmounts(actual, 'settle');
    return this.#end(reservation_id, 'settled', actual);
  }

  release(reservation_id: string): Promise<boolean> {
    return this.#end(reservation_id, 'released', ZERO_AMOUNTS);
  }

  #end(reservation_id: string, state: EndState, actual: BudgetAmounts): Promise<boolean> {
    const now_ms = this.#clock.now_ms();
    return this.#driver.transaction(async (tx) => {
      const accounts = await accountsOf(tx, reservation_id);
      if (accounts === undefined) return false;
      await lockAccounts(tx, accounts, now_ms);
      const due = state === 'lapsed' ? now_ms : Number.MAX_SAFE_INTEGER;
      const [held] = await tx.query(
        `UPDATE shared_reservations SET state = $2 WHERE reservation_id = $1 AND state = 'held' AND expires_ms <= $3
         RETURNING calls, tokens, usd_nanos`,
        [reservation_id, state, due],
      );
      if (held !== undefined) {
        await changeAccounts(tx, accounts, negative(amountsOf(held, '')), actual);
        return true;
      }
      if (state !== 'settled') return false;
      const late = await tx.query(
        `UPDATE shared_reservations SET state = 'settled' WHERE reservation_id = $1 AND state = 'lapsed' RETURNING calls`,
        [reservation_id],
      );
      if (late.length > 0) await changeAccounts(tx, accounts, ZERO_AMOUNTS, actual);
      return late.length > 0;
    });
  }

  async renew(reservation_ids: readonly string[], lease_ms: number): Promise<number> {
    const expires_ms = this.#clock.now_ms() + lease_ms;
    let renewed = 0;
    for (let at = 0; at < reservation_ids.length; at += RENEWED_AT_ONCE) {
      const ids = reservation_ids.slice(at, at + RENEWED_AT_ONCE);
      const marks = ids.map((_, i) => `$${i + 2}`).join(',');
      const rows = await this.#driver.query(
        `UPDATE shared_reservations SET expires_ms = $1 WHERE state = 'held' AND reservation_id IN (${marks})
         RETURNING reservation_id`,
        [expires_ms, ...ids],
      );
      renewed += rows.length;
    }
    return renewed;
  }

  async unended(owner: string, limit: number, after: string = ''): Promise<readonly string[]> {
    const rows = await this.#driver.query(
      `SELECT reservation_id FROM shared_reservations
       WHERE owner = $1 AND state IN ('held', 'lapsed') AND reservation_id > $2 ORDER BY reservation_id LIMIT $3`,
      [owner, after, limit],
    );
    return rows.map((row) => String(row['reservation_id']));
  }

  async totals(keys: readonly string[]): Promise<readonly BudgetTotals[]> {
    const out: BudgetTotals[] = [];
    for (const key of keys) {
      const [row] = await this.#driver.query(`SELECT ${ACCOUNT_AMOUNTS} FROM shared_accounts WHERE account = $1`, [
        key,
      ]);
      const spent = row === undefined ? ZERO_AMOUNTS : amountsOf(row, 'spent_');
      const reserved = row === undefined ? ZERO_AMOUNTS : amountsOf(row, 'reserved_');
      out.push({ key, spent, reserved });
    }
    return out;
  }

  async sweep(limit: number): Promise<number> {
    const lapsed = await this.#lapse(limit);
    const now_ms = this.#clock.now_ms();
    const ended = await this.#driver.query(
      `DELETE FROM shared_reservations WHERE reservation_id IN
       (SELECT reservation_id FROM shared_reservations WHERE state <> 'held' AND expires_ms <= $1 LIMIT $2)
       RETURNING reservation_id`,
      [now_ms - REMEMBER_MS, limit],
    );
    const unused = await this.#driver.query(
      `DELETE FROM shared_accounts WHERE account IN
       (SELECT account FROM shared_accounts WHERE touched_ms <= $1 LIMIT $2) AND touched_ms <= $1
       RETURNING account`,
      [now_ms - FORGET_ACCOUNT_MS, limit],
    );
    return lapsed + ended.length + unused.length;
  }

  async #lapse(limit: number): Promise<number> {
    const due = await this.#driver.query(
      `SELECT reservation_id FROM shared_reservations WHERE state = 'held' AND expires_ms <= $1
       ORDER BY expires_ms LIMIT $2`,
      [this.#clock.now_ms(), limit],
    );
    let lapsed = 0;
    for (const row of due) {
      if (await this.#end(String(row['reservation_id']), 'lapsed', ZERO_AMOUNTS)) lapsed += 1;
    }
    return lapsed;
  }
}

async function accountsOf(tx: SqlQueries, reservation_id: string): Promise<readonly BudgetAccount[] | undefined> {
  const sql = 'SELECT accounts FROM shared_reservations WHERE reservation_id = $1';
  const [row] = await tx.query(sql, [reservation_id]);
  return row && (JSON.parse(String(row['accounts'])) as BudgetAccount[]);
}

/** Locks the accounts until the transaction ends and returns what is spent and reserved in each. */
async function lockAccounts(
  tx: SqlQueries,
  accounts: readonly BudgetAccount[],
  now_ms: number,
): Promise<Map<string, BudgetAmounts>> {
  const used = new Map<string, BudgetAmounts>();
  for (const key of accounts.map((account) => account.key).sort()) {
    const [row] = await tx.query(
      `INSERT INTO shared_accounts (account, touched_ms, spent_calls, spent_tokens, spent_usd_nanos, reserved_calls,
         reserved_tokens, reserved_usd_nanos) VALUES ($1, $2, 0, 0, 0, 0, 0, 0)
       ON CONFLICT (account) DO UPDATE SET touched_ms = excluded.touched_ms RETURNING ${ACCOUNT_AMOUNTS}`,
      [key, now_ms],
    );
    if (row !== undefined) used.set(key, addAmounts(amountsOf(row, 'spent_'), amountsOf(row, 'reserved_')));
  }
  return used;
}

/** Reserves in all accounts or in none; returns why not. */
async function takeIfFree(
  tx: SqlQueries,
  accounts: readonly BudgetAccount[],
  amounts: BudgetAmounts,
  now_ms: number,
): Promise<ReserveResult | undefined> {
  const used = await lockAccounts(tx, accounts, now_ms);
  for (const account of accounts) {
    const refusal = findRefusal(account, used.get(account.key) ?? ZERO_AMOUNTS, amounts);
    if (refusal !== undefined) return refusal;
  }
  await changeAccounts(tx, accounts, amounts, ZERO_AMOUNTS);
  return undefined;
}

async function changeAccounts(
  tx: SqlQueries,
  accounts: readonly BudgetAccount[],
  reserved: BudgetAmounts,
  spent: BudgetAmounts,
): Promise<void> {
  for (const { key } of accounts) {
    await tx.query(
      `UPDATE shared_accounts SET reserved_calls = reserved_calls + $2, reserved_tokens = reserved_tokens + $3,
         reserved_usd_nanos = reserved_usd_nanos + $4, spent_calls = ${capped('spent_calls', '$5')},
         spent_tokens = ${capped('spent_tokens', '$6')}, spent_usd_nanos = ${capped('spent_usd_nanos', '$7')}
       WHERE account = $1`,
      [key, reserved.calls, reserved.tokens, reserved.usd_nanos, spent.calls, spent.tokens, spent.usd_nanos],
    );
  }
}

function amountsOf(row: SqlRow, prefix: string): BudgetAmounts {
  return {
    calls: Number(row[`${prefix}calls`]),
    tokens: Number(row[`${prefix}tokens`]),
    usd_nanos: Number(row[`${prefix}usd_nanos`]),
  };
}
