export { pgliteDriver, type PgliteLike } from './pglite-driver.ts';
export { findPostgres, PostgresServer } from './postgres-server.ts';
