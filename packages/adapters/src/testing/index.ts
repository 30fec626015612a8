export { bareEnv } from './bare-env.ts';
export { pgliteDriver, type PgliteLike } from './pglite-driver.ts';
export { findPostgres, PostgresServer } from './postgres-server.ts';
export { bundledPath, programPath } from './program.ts';
export { findValkey, ValkeyServer, type ValkeyServerOptions } from './valkey-server.ts';
export { tinyModel } from './tiny-model.ts';
