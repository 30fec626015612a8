import { AtpError } from '@atp-router/kernel';
import type { SqlDriver } from './driver.ts';

/**
 * Tables of the projection. All can be rebuilt from the journal, and all name the node whose journal they come from, so
 * that several routers may share one database.
 */
const PROJECTION: readonly string[] = [
  `CREATE TABLE journal_position (
    node_id TEXT PRIMARY KEY, epoch BIGINT NOT NULL, seq BIGINT NOT NULL, file_offset BIGINT NOT NULL,
    chain TEXT NOT NULL, pruned_before_day TEXT NOT NULL)`,
  // The columns are what questions filter and order by; everything else is read from the record.
  `CREATE TABLE calls (
    call_id TEXT PRIMARY KEY, node_id TEXT NOT NULL, epoch BIGINT NOT NULL, tenant TEXT NOT NULL, key_id TEXT NOT NULL,
    model TEXT NOT NULL, outcome TEXT NOT NULL, started_ms BIGINT NOT NULL, record TEXT NOT NULL)`,
  'CREATE INDEX calls_by_start ON calls (started_ms, call_id)',
  `CREATE TABLE usage_daily (
    node_id TEXT NOT NULL, day TEXT NOT NULL, tenant TEXT NOT NULL, model TEXT NOT NULL,
    calls BIGINT NOT NULL, errors BIGINT NOT NULL, attempts BIGINT NOT NULL,
    in_tokens BIGINT NOT NULL, out_tokens BIGINT NOT NULL, cached_in_tokens BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL, reasoning_tokens BIGINT NOT NULL, cost_usd_nanos BIGINT NOT NULL,
    PRIMARY KEY (day, tenant, model, node_id))`,
  // Written once for each row, not at each addition to it.
  'CREATE INDEX usage_daily_by_tenant ON usage_daily (tenant, day)',
  `CREATE TABLE budget_daily (
    node_id TEXT NOT NULL, day TEXT NOT NULL, tenant TEXT NOT NULL, calls BIGINT NOT NULL, tokens BIGINT NOT NULL,
    cost_usd_nanos BIGINT NOT NULL, PRIMARY KEY (day, tenant, node_id))`,
  `CREATE TABLE open_calls (
    node_id TEXT NOT NULL, call_id TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (node_id, call_id))`,
  `CREATE TABLE idempotency (
    node_id TEXT NOT NULL, scope_hash TEXT NOT NULL, body_hash TEXT NOT NULL, call_id TEXT NOT NULL,
    state TEXT NOT NULL, sealed TEXT NOT NULL, expires_ms BIGINT NOT NULL, epoch BIGINT NOT NULL,
    PRIMARY KEY (node_id, scope_hash))`,
  'CREATE INDEX idempotency_by_expiry ON idempotency (expires_ms)',
  `CREATE TABLE kills (
    node_id TEXT NOT NULL, scope TEXT NOT NULL, id TEXT NOT NULL, reason TEXT NOT NULL, set_by TEXT NOT NULL,
    since_ms BIGINT NOT NULL, PRIMARY KEY (node_id, scope, id))`,
  `CREATE TABLE entities (
    node_id TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, changed_by TEXT NOT NULL,
    changed_ms BIGINT NOT NULL, PRIMARY KEY (node_id, kind, id))`,
  `CREATE TABLE events_recent (
    node_id TEXT NOT NULL, n BIGINT NOT NULL, epoch BIGINT NOT NULL, seq BIGINT NOT NULL, ts_ms BIGINT NOT NULL,
    type TEXT NOT NULL, event TEXT NOT NULL, PRIMARY KEY (node_id, n))`,
];

/** Tables of the shared stores: written by routers together, and truth themselves. */
const SHARED: readonly string[] = [
  `CREATE TABLE shared_claims (
    scope_hash TEXT PRIMARY KEY, body_hash TEXT NOT NULL, call_id TEXT NOT NULL, state TEXT NOT NULL,
    sealed TEXT NOT NULL, expires_ms BIGINT NOT NULL)`,
  'CREATE INDEX shared_claims_by_expiry ON shared_claims (expires_ms)',
  `CREATE TABLE shared_accounts (
    account TEXT PRIMARY KEY, touched_ms BIGINT NOT NULL,
    spent_calls BIGINT NOT NULL, spent_tokens BIGINT NOT NULL, spent_usd_nanos BIGINT NOT NULL,
    reserved_calls BIGINT NOT NULL, reserved_tokens BIGINT NOT NULL, reserved_usd_nanos BIGINT NOT NULL)`,
  'CREATE INDEX shared_accounts_by_touch ON shared_accounts (touched_ms)',
  `CREATE TABLE shared_reservations (
    reservation_id TEXT PRIMARY KEY, state TEXT NOT NULL, accounts TEXT NOT NULL, calls BIGINT NOT NULL,
    tokens BIGINT NOT NULL, usd_nanos BIGINT NOT NULL, expires_ms BIGINT NOT NULL)`,
  'CREATE INDEX shared_reservations_by_expiry ON shared_reservations (state, expires_ms)',
  `CREATE TABLE shared_leases (
    name TEXT PRIMARY KEY, owner TEXT NOT NULL, token BIGINT NOT NULL, expires_ms BIGINT NOT NULL)`,
];

/** Whose reservation or claim it is: a router that comes back ends what it left. */
const OWNERS: readonly string[] = [
  `ALTER TABLE shared_reservations ADD COLUMN owner TEXT NOT NULL DEFAULT ''`,
  'CREATE INDEX shared_reservations_by_owner ON shared_reservations (owner, state, reservation_id)',
  `ALTER TABLE shared_claims ADD COLUMN owner TEXT NOT NULL DEFAULT ''`,
  'CREATE INDEX shared_claims_by_owner ON shared_claims (owner, state, scope_hash)',
];

/**
 * How far the sums follow the journal, also while a rebuild is behind that; and the time that retention goes by, see
 * `believedTime`.
 */
const RETENTION: readonly string[] = [
  'ALTER TABLE journal_position ADD COLUMN counted_epoch BIGINT NOT NULL DEFAULT 0',
  'ALTER TABLE journal_position ADD COLUMN counted_seq BIGINT NOT NULL DEFAULT 0',
  'UPDATE journal_position SET counted_epoch = epoch, counted_seq = seq',
  'ALTER TABLE journal_position ADD COLUMN believed_ms BIGINT NOT NULL DEFAULT 0',
];

/** Sessions of fan-outs. Texts stand by themselves: lists read all but them. */
const CONSENSUS: readonly string[] = [
  `CREATE TABLE consensus_sessions (
    call_id TEXT PRIMARY KEY, node_id TEXT NOT NULL, epoch BIGINT NOT NULL, tenant TEXT NOT NULL, policy TEXT NOT NULL,
    strategy TEXT NOT NULL, outcome TEXT NOT NULL, started_ms BIGINT NOT NULL, record TEXT NOT NULL,
    sealed TEXT NOT NULL)`,
  'CREATE INDEX consensus_sessions_by_start ON consensus_sessions (started_ms, call_id)',
];

/**
 * What nodes have learned of who answers: the state of each, up to a place of its journal; the events that it is made of, for a
 * while; and the feedback that was given, once for each call and key. States outlive their events and are never made anew
 * from fewer of them.
 */
const LEARNED: readonly string[] = [
  `CREATE TABLE learned_states (
    node_id TEXT PRIMARY KEY, epoch BIGINT NOT NULL, seq BIGINT NOT NULL, written_ms BIGINT NOT NULL,
    record TEXT NOT NULL)`,
  `CREATE TABLE learnings (
    node_id TEXT NOT NULL, epoch BIGINT NOT NULL, seq BIGINT NOT NULL, type TEXT NOT NULL, call_id TEXT NOT NULL,
    at_ms BIGINT NOT NULL, event TEXT NOT NULL, PRIMARY KEY (node_id, epoch, seq))`,
  'CREATE INDEX learnings_by_call ON learnings (call_id)',
  `CREATE TABLE feedback (
    call_id TEXT NOT NULL, key_id TEXT NOT NULL, body_hash TEXT NOT NULL, state TEXT NOT NULL,
    claimed_ms BIGINT NOT NULL, node_id TEXT NOT NULL, PRIMARY KEY (call_id, key_id))`,
];

/** What shadow models were compared with. */
const SHADOWS: readonly string[] = [
  `CREATE TABLE shadow_comparisons (
    node_id TEXT NOT NULL, epoch BIGINT NOT NULL, seq BIGINT NOT NULL, challenger TEXT NOT NULL, champion TEXT NOT NULL,
    at_ms BIGINT NOT NULL, event TEXT NOT NULL, PRIMARY KEY (node_id, epoch, seq))`,
  'CREATE INDEX shadow_comparisons_by_challenger ON shadow_comparisons (challenger, at_ms)',
  'CREATE INDEX shadow_comparisons_by_champion ON shadow_comparisons (champion, at_ms)',
];

/** Energy and CO2e of usage. Of what was summed before nothing is known; sums that are made anew from records have it. */
const FOOTPRINTS: readonly string[] = [
  'ALTER TABLE usage_daily ADD COLUMN energy_millijoules BIGINT NOT NULL DEFAULT 0',
  'ALTER TABLE usage_daily ADD COLUMN co2e_micrograms BIGINT NOT NULL DEFAULT 0',
  'ALTER TABLE usage_daily ADD COLUMN calls_without_energy BIGINT NOT NULL DEFAULT 0',
  'ALTER TABLE usage_daily ADD COLUMN calls_without_co2e BIGINT NOT NULL DEFAULT 0',
  'UPDATE usage_daily SET calls_without_energy = calls, calls_without_co2e = calls',
];

/**
 * What `auto` chose, summed. By journal file (`epoch`), for the events that it is made of are forgotten before their files are: a
 * rebuild takes away the sums of files that are read again, and no others. Of days before those whose records are kept the
 * files are one, 0.
 */
const SAVINGS: readonly string[] = [
  `CREATE TABLE route_daily (
    node_id TEXT NOT NULL, epoch BIGINT NOT NULL, day TEXT NOT NULL, tenant TEXT NOT NULL, cluster TEXT NOT NULL,
    model TEXT NOT NULL, calls BIGINT NOT NULL, failed BIGINT NOT NULL, spent_usd_nanos BIGINT NOT NULL,
    baseline_usd_nanos BIGINT NOT NULL, tried_usd_nanos BIGINT NOT NULL, regret_usd_nanos BIGINT NOT NULL,
    energy_millijoules BIGINT NOT NULL, co2e_micrograms BIGINT NOT NULL, calls_without_energy BIGINT NOT NULL,
    calls_without_co2e BIGINT NOT NULL, words BIGINT NOT NULL, right_bp BIGINT NOT NULL, gap_bp BIGINT NOT NULL,
    gap_squared_bp BIGINT NOT NULL, weight_bp BIGINT NOT NULL, weight_squared_bp BIGINT NOT NULL,
    PRIMARY KEY (day, tenant, cluster, model, node_id, epoch))`,
  'CREATE INDEX route_daily_by_tenant ON route_daily (tenant, day)',
];

/** Each entry brings the schema to the version of its place in the list, from 1. Entries are never changed, only added. */
const MIGRATIONS: readonly (readonly string[])[] = [
  [...PROJECTION, ...SHARED],
  OWNERS,
  RETENTION,
  CONSENSUS,
  LEARNED,
  SHADOWS,
  FOOTPRINTS,
  SAVINGS,
];

export const SCHEMA_VERSION: number = MIGRATIONS.length;

/** In PostgreSQL this fails for one of two that run it at the same time; the loser then finds the table. */
const VERSION_TABLE = 'CREATE TABLE IF NOT EXISTS schema_version (one BIGINT PRIMARY KEY, version BIGINT NOT NULL)';

/** Makes the tables, or brings them up to date. Throws when a newer version of the router made them. */
export async function migrate(driver: SqlDriver): Promise<void> {
  await driver.query(VERSION_TABLE).catch(() => driver.query(VERSION_TABLE));
  await driver.transaction(async (tx) => {
    // The upsert locks the row: of several routers that start at once, one migrates and the others find it done.
    const [row] = await tx.query(
      'INSERT INTO schema_version (one, version) VALUES (1, 0) ON CONFLICT (one) DO UPDATE SET one = 1 RETURNING version',
    );
    const version = Number(row?.['version'] ?? 0);
    if (version > SCHEMA_VERSION) {
      throw new AtpError(
        'config_invalid',
        `The database has schema version ${version}; this router knows up to ${SCHEMA_VERSION}. Run the router version that made it, or a newer one.`,
      );
    }
    for (const statements of MIGRATIONS.slice(version)) for (const sql of statements) await tx.query(sql);
    await tx.query('UPDATE schema_version SET version = $1 WHERE one = 1', [SCHEMA_VERSION]);
  });
}
