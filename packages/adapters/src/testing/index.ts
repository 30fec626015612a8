export { findPostgres, PostgresServer } from './postgres-server.ts';
