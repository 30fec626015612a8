export type { Said } from './ballot.ts';
export { CLUSTERS_MAX, type VoterState } from './state.ts';
export { flipRisk } from './stop.ts';
export type { Outcome } from './tally.ts';
export { SOURCES_MAX } from './triangle.ts';
export { type Truth, Voter } from './voter.ts';
