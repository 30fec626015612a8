export { creditsOf } from './credit.ts';
export { type Estimate, estimate, type EstimateOptions, lowerBound, MIN_SAMPLES } from './estimate.ts';
export { type Contribution, Origins, ORIGINS_MAX } from '@atp-router/kernel';
export { type Selected, selectMembers } from './select.ts';
export {
  HALF_LIFE_TICKS,
  isReputationRecord,
  REPUTATION_CLUSTERS_MAX,
  REPUTATION_SOURCES_MAX,
  type ReputationRecord,
  ReputationTable,
} from './table.ts';
export { EMPTY, type Observation, plus, type Tally } from './tally.ts';
