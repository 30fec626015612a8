export { memorySessionStore, type SessionMemory } from './memory.ts';
export { type SqliteSessionStoreOptions, sqliteSessionStore } from './sqlite.ts';
export {
  type FoundSession,
  type KeptSession,
  type Saved,
  SESSION_STORE_LIMITS,
  type SessionStore,
  type SessionStoreLimit,
  type SessionStoreLimits,
  type SessionStoreUsage,
} from './types.ts';
