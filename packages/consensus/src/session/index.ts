export type { ReadAnswer } from './lane.ts';
export { ReorderBuffer } from './reorder.ts';
export { ConsensusSession, type SessionParts } from './session.ts';
export type * from './types.ts';
