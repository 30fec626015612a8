import { AtpError, type Clock } from '@atp-router/kernel';
import type { HeldLease, LeaseResult, LeaseStore } from '@atp-router/ledger';
import type { SqlDriver } from '../driver.ts';

const ATTEMPTS = 4;

export function sqlLeaseStore(driver: SqlDriver, clock: Clock): LeaseStore {
  const held = 'WHERE name = $1 AND owner = $2 AND token = $3 AND expires_ms > $4 RETURNING name';
  return {
    async lease(name: string, owner: string, ttl_ms: number): Promise<LeaseResult> {
      for (let i = 0; i < ATTEMPTS; i += 1) {
        const result = await tryLease(driver, name, owner, clock.now_ms(), ttl_ms);
        if (result !== undefined) return result;
      }
      throw new AtpError('internal_error', `The lease "${name}" could not be asked for. Retry.`);
    },
    async renew({ name, owner, token }: HeldLease, ttl_ms: number): Promise<boolean> {
      const now_ms = clock.now_ms();
      const sql = `UPDATE shared_leases SET expires_ms = $5 ${held}`;
      return (await driver.query(sql, [name, owner, token, now_ms, now_ms + ttl_ms])).length > 0;
    },
    async release({ name, owner, token }: HeldLease): Promise<boolean> {
      // The row stays, so that the next holder gets a higher token.
      const sql = `UPDATE shared_leases SET expires_ms = 0 ${held}`;
      return (await driver.query(sql, [name, owner, token, clock.now_ms()])).length > 0;
    },
  };
}

async function tryLease(
  driver: SqlDriver,
  name: string,
  owner: string,
  now_ms: number,
  ttl_ms: number,
): Promise<LeaseResult | undefined> {
  const expires_ms = now_ms + ttl_ms;
  const [mine] = await driver.query(
    `INSERT INTO shared_leases (name, owner, token, expires_ms) VALUES ($1, $2, 1, $3)
     ON CONFLICT (name) DO UPDATE SET
       token = CASE WHEN shared_leases.owner = excluded.owner AND shared_leases.expires_ms > $4
         THEN shared_leases.token ELSE shared_leases.token + 1 END,
       owner = excluded.owner, expires_ms = excluded.expires_ms
     WHERE shared_leases.owner = excluded.owner OR shared_leases.expires_ms <= $4 RETURNING token`,
    [name, owner, expires_ms, now_ms],
  );
  if (mine !== undefined) return { kind: 'held', token: Number(mine['token']), expires_ms };
  const [other] = await driver.query('SELECT owner, expires_ms FROM shared_leases WHERE name = $1', [name]);
  return other && { kind: 'taken', owner: String(other['owner']), expires_ms: Number(other['expires_ms']) };
}
