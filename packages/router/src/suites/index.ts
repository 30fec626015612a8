// What implementations of the router's own interfaces have to do, for any test runner.
export type { ArchivedClaim, Claim, IdempotencyKeys } from '../engine/idempotency.ts';
export type { OutcomeStore, StoredOutcome } from '../engine/outcome-store.ts';
export type { KeysBench, MakeKeys } from './claim-bench.ts';
export { claimOnceSuite } from './claim-once.ts';
