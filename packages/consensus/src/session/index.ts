export type { ReadAnswer } from './lane.ts';
export { ReorderBuffer } from './reorder.ts';
export type { SessionParts } from './parts.ts';
export { ConsensusSession } from './session.ts';
export type * from './types.ts';
