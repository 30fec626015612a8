export { memorySessionStore, type SessionMemory } from './memory.ts';
export { type SqliteSessionStoreOptions, sqliteSessionStore } from './sqlite.ts';
export {
  type FoundSession,
  type KeptSession,
  type Saved,
  SESSION_STORE_LIMITS,
  type SessionElsewhere,
  type SessionStore,
  type SessionStoreLimit,
  type SessionStoreLimits,
  type SessionStoreUsage,
  type SharedSessions,
} from './types.ts';
export { VALKEY_SESSION_STORE_LIMITS, type ValkeySessionStoreOptions } from './valkey/options.ts';
export { valkeySessionStore } from './valkey/store.ts';
