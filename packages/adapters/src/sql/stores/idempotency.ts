import { AtpError, type Clock } from '@atp-router/kernel';
import type { Claim, ClaimResult, HeldClaim, IdempotencyStore } from '@atp-router/ledger';
import type { SqlDriver, SqlRow } from '../driver.ts';

/** A claim can vanish between finding it taken and reading it; twice in a row is already unlikely. */
const ATTEMPTS = 4;

export function sqlIdempotencyStore(driver: SqlDriver, clock: Clock): IdempotencyStore {
  const held = `WHERE scope_hash = $1 AND call_id = $2 AND state = 'running' RETURNING scope_hash`;
  return {
    async claimOnce(claim: Claim): Promise<ClaimResult> {
      for (let i = 0; i < ATTEMPTS; i += 1) {
        const result = await tryClaim(driver, claim, clock.now_ms());
        if (result !== undefined) return result;
      }
      throw new AtpError('internal_error', 'The idempotency key could not be claimed. Retry the request.');
    },
    async complete({ scope_hash, call_id, sealed, expires_ms }): Promise<boolean> {
      const sql = `UPDATE shared_claims SET state = 'done', sealed = $3, expires_ms = $4 ${held}`;
      return (await driver.query(sql, [scope_hash, call_id, sealed, expires_ms])).length > 0;
    },
    async interrupt({ scope_hash, call_id }): Promise<boolean> {
      const sql = `UPDATE shared_claims SET state = 'interrupted' ${held}`;
      return (await driver.query(sql, [scope_hash, call_id])).length > 0;
    },
    async release({ scope_hash, call_id }): Promise<boolean> {
      return (await driver.query(`DELETE FROM shared_claims ${held}`, [scope_hash, call_id])).length > 0;
    },
    async running(owner: string, limit: number, after: string = ''): Promise<readonly HeldClaim[]> {
      const rows = await driver.query(
        `SELECT scope_hash, call_id FROM shared_claims WHERE owner = $1 AND state = 'running' AND scope_hash > $2
         ORDER BY scope_hash LIMIT $3`,
        [owner, after, limit],
      );
      return rows.map((row) => ({ scope_hash: String(row['scope_hash']), call_id: String(row['call_id']) }));
    },
    async forgetExpired(limit: number): Promise<number> {
      const sql = `DELETE FROM shared_claims WHERE scope_hash IN
        (SELECT scope_hash FROM shared_claims WHERE expires_ms <= $1 ORDER BY expires_ms LIMIT $2)
        AND expires_ms <= $1 RETURNING scope_hash`;
      return (await driver.query(sql, [clock.now_ms(), limit])).length;
    },
  };
}

async function tryClaim(driver: SqlDriver, claim: Claim, now_ms: number): Promise<ClaimResult | undefined> {
  const { scope_hash, body_hash, call_id, owner, expires_ms } = claim;
  const taken = await driver.query(
    `INSERT INTO shared_claims (scope_hash, body_hash, call_id, owner, state, sealed, expires_ms)
     VALUES ($1, $2, $3, $4, 'running', '', $5)
     ON CONFLICT (scope_hash) DO UPDATE SET body_hash = excluded.body_hash, call_id = excluded.call_id,
       owner = excluded.owner, state = excluded.state, sealed = excluded.sealed, expires_ms = excluded.expires_ms
     WHERE shared_claims.expires_ms <= $6 RETURNING scope_hash`,
    [scope_hash, body_hash, call_id, owner, expires_ms, now_ms],
  );
  if (taken.length > 0) return { kind: 'claimed' };
  const sql = 'SELECT body_hash, call_id, state, sealed, expires_ms FROM shared_claims WHERE scope_hash = $1';
  const [row] = await driver.query(sql, [scope_hash]);
  return row && foundClaim(row, body_hash);
}

function foundClaim(row: SqlRow, body_hash: string): ClaimResult {
  const call_id = String(row['call_id']);
  if (row['body_hash'] !== body_hash) return { kind: 'mismatch' };
  if (row['state'] === 'done') {
    return { kind: 'done', call_id, sealed: String(row['sealed']), expires_ms: Number(row['expires_ms']) };
  }
  return row['state'] === 'running' ? { kind: 'running', call_id } : { kind: 'interrupted', call_id };
}
