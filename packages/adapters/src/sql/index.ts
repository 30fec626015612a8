export type { ProjectionBatch, RecentEvent } from './batch.ts';
export type { SqlDriver, SqlQueries, SqlRow, SqlValue } from './driver.ts';
export { memoryBudgetStore } from './memory/budget.ts';
export { memoryConsensusStore } from './memory/consensus.ts';
export { memoryEntityStore } from './memory/entities.ts';
export { memoryIdempotencyStore } from './memory/idempotency.ts';
export { memoryLeaseStore } from './memory/lease.ts';
export { memoryUsageStore } from './memory/usage.ts';
export type { ProjectionPosition } from './position.ts';
export { openPostgres, type PostgresOptions } from './postgres.ts';
export { Projection } from './projection.ts';
export { migrate, SCHEMA_VERSION } from './schema.ts';
export { createPrivate } from './private-file.ts';
export { isDamaged, openSqlite } from './sqlite.ts';
export { sqlBudgetStore } from './stores/budget.ts';
export { sqlConsensusStore } from './stores/consensus.ts';
export { sqlEntityStore } from './stores/entities.ts';
export { sqlIdempotencyStore } from './stores/idempotency.ts';
export { sqlLearnedStore } from './stores/learned.ts';
export { sqlSavingsStore } from './stores/savings.ts';
export { sqlShadowStore } from './stores/shadows.ts';
export { sqlLeaseStore } from './stores/lease.ts';
export { sqlUsageStore } from './stores/usage.ts';
export {
  type ClaimHead,
  type DaySumsOf,
  findClaim,
  readBudgets,
  readEvents,
  readStart,
  type TablesStart,
} from './state.ts';
