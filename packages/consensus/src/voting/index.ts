export type { Said } from './ballot.ts';
export { CLUSTERS_MAX, type VoterState } from './state.ts';
export { SOURCES_MAX } from './triangle.ts';
export { type Truth, Voter } from './voter.ts';
