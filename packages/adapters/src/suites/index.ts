// What implementations of the state interfaces have to do, for any test runner.
export { budgetStoreSuite } from './budget.ts';
export { type AppendLog, eventLogSuite, type LogBench, type MakeLog } from './event-log.ts';
export { type JournalBench, journalSuite } from './journal.ts';
export { idempotencyStoreSuite } from './idempotency.ts';
export { leaseStoreSuite } from './lease.ts';
export { type MakeReadStores, type ReadStores, readStoresSuite } from './reading.ts';
export { reservingSuite } from './reserving.ts';
export type { Reserving } from './reserving-model.ts';
export { keptSession, putIn, putSession, saved } from './session-samples.ts';
export { type SessionStoreBench, sessionStoreSuite } from './sessions.ts';
export { type MakeStore, type ManualClock, manualClock, type SuiteCase } from './suite.ts';
