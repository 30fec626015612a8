export {
  GATE_MARGIN,
  type GateOptions,
  gateLearned,
  type Judgement,
  learnedMayRun,
  type Proof,
  type Verdict,
} from './gate.ts';
export { type Interval, isSound, REWARD_WEIGHTS, rewardOf, type TuneGoal } from './interval.ts';
export { ARMS, DEFAULT_LEARNED, type LearnedOptions, type LearnedState, learnedTuner } from './learned.ts';
export { readLearned, StateError, writeLearned } from './learned-state.ts';
export {
  type Arrival,
  type Fleet,
  type FleetChange,
  LOAD_LIMITS,
  LOAD_VERSION,
  type Load,
  LoadError,
} from './load/format.ts';
export { readLoad } from './load/read.ts';
export { type RecordedCall, type Recording, type RecordOptions, recordLoad } from './load/record.ts';
export { writeLoad } from './load/write.ts';
export { DEFAULT_PID, type PidOptions, type PidState, pidTuner } from './pid.ts';
export { compare, DEFAULT_SEEDS, replay } from './replay/compare.ts';
export { IntervalMeter } from './replay/meter.ts';
export { marginOf, type Rank, rank } from './replay/rank.ts';
export type { Quantiles, Result } from './replay/score.ts';
export { INTERVAL_MS, type Sample } from './replay/simulate.ts';
export { staticTuner } from './static.ts';
export { type Decision, TUNER_KINDS, type Tuner, type TunerKind } from './tuner.ts';
