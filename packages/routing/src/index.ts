export { eligibleByCost } from './eligible.ts';
export {
  Breaker,
  type BreakerOptions,
  type BreakerState,
  type BreakerTransition,
  DEFAULT_BREAKER,
  type Outcome,
  type Permit,
} from './breaker.ts';
export type { Health, Kills, Observed, Offered, RequestFacts, TenantFacts } from './facts.ts';
export { clearedFor, type Filter, type Removed, removalOf } from './filters.ts';
export { type KillScope, KillSwitches } from './kill-switches.ts';
export { DEFAULT_READINESS, Readiness, type ReadinessOptions, type ReadinessReport } from './readiness.ts';
export {
  type AgentEntry,
  type Capability,
  type ChainStep,
  type LacksManifest,
  type ModelEntry,
  type ModelSpec,
  type ModelStatus,
  type Named,
  type PolicyEntry,
  type ProviderEntry,
  Registry,
  type RegistrySpec,
  type SafetyGrade,
} from './registry.ts';
export {
  type Coming,
  comingOf,
  type Expectation,
  expectationOf,
  type Live,
  type Plan,
  type Resolution,
  resolve,
  type Unroutable,
  unroutableError,
} from './resolve.ts';
export { type Ranking, SCORE_WEIGHTS, type ScoreTerms, STATIC_RANKING } from './ranking.ts';
export { rankModels, type ScoredModel } from './score.ts';
export { type BreakerChange, TargetHealth, type TargetHealthOptions } from './target-health.ts';
export { evaluate, type MatchOutcome, type Subject } from './policy/evaluate.ts';
export { FIELD_NAMES, type FieldTraits } from './policy/fields.ts';
export {
  type Field,
  type FieldName,
  leavesOf,
  type Leaf,
  type Match,
  type MatchPath,
  type Test,
} from './policy/match.ts';
export { implies, lintMatches, type LintPolicy, type MatchRemark } from './policy/lint.ts';
export { compileMatch, type ParsedMatch, parseMatch } from './policy/parse.ts';
export type { MatchComplaint } from './policy/parse-value.ts';
export {
  factsOfMeta,
  factsOfObject,
  factsOfText,
  type FactValue,
  mergeFacts,
  narrowed,
  type Rights,
  type TaskFacts,
} from './policy/task-facts.ts';
export { pathText, traceOf, type TraceStep } from './policy/trace.ts';
export {
  Affinity,
  type AffinitySettings,
  type AffinityTarget,
  type PickHow,
  type Replica,
  type Sent,
} from './affinity/affinity.ts';
export { promptBlocks, type PromptPrefix, sessionBlock } from './affinity/prompt-blocks.ts';
export { WarmBlocks } from './affinity/warm-blocks.ts';
export {
  AnswerCache,
  type AnswerCacheLimits,
  type CacheFound,
  type CacheQuestion,
} from './cache/answer-cache.ts';
export { ReuseGate, type ReuseSettings } from './cache/reuse-gate.ts';
export {
  type EnergyProfile,
  footprintOf,
  sumFootprints,
} from './carbon/footprint.ts';
export {
  type IntensityMapping,
  type IntensityRow,
  type IntensityRows,
  INTENSITY_ROWS_MAX,
  intensityCsv,
  intensityRows,
  IntensityTable,
} from './carbon/intensity-table.ts';
export { TermReader } from './features/terms.ts';
export { CLUSTER_CHANGES, type ClusterChange } from './clusters/book-state.ts';
export { ClusterBook, type ClusterSeen, type ClustersView } from './clusters/cluster-book.ts';
export type { Direction } from './features/rarity.ts';
export { TOPIC_SETTINGS, Topics } from './features/topics.ts';
export { isTextKind, TEXT_KINDS, type TextKind, textKindOf } from './features/text-kind.ts';
export { LEARNER_SETTINGS, type LearnerSettings, RouteLearner } from './learn/learner.ts';
export type {
  NextStep,
  RouteAnswer,
  RouteCandidate,
  RoutePlans,
  RouteQuestion,
  RoutingLearner,
  RoutingTask,
} from './learn/routing-learner.ts';
export { LEARNER_KINDS, type LearnerKind, learnerOf } from './rivals/learner-of.ts';
export type { KnowledgeSettings, ModelDrift, RouteAt } from './learn/knowledge.ts';
export type { ModelScore } from './learn/scores.ts';
export { type AnswerRecord, fourDigits, type RouteRecord } from './learn/record.ts';
export { isLearnerState, type LearnerState } from './learn/state.ts';
export type { RouteTask, TaskSettings } from './learn/task.ts';
export { frontierOf, onFrontier } from './frontier.ts';
export { type Observation, type WhatIf, whatIf } from './whatif/estimate.ts';
export { type Guessed, guessedOf } from './whatif/guessed.ts';
export { type Hindsight, hindsight, type PricedObservation } from './whatif/hindsight.ts';
export { type Compared, comparedWith, gainShareOf, type Parity, type ParityOf, parityOf } from './whatif/parity.ts';
export { WHAT_IF_WORDS, type WhatIfCandidate, type WhatIfPolicy, whatIfPolicy } from './whatif/policies.ts';
export { type CustodyEntry, type CustodyStep, CUSTODY_STEPS, custodyRefusal } from './lifecycle/custody.ts';
export { type Comparison, type Evidence, evidenceOf, formatErrors } from './lifecycle/evidence.ts';
export { type Experiment, experimentsOf, type SignTest } from './lifecycle/experiment.ts';
export {
  type Manifest,
  type ManifestFile,
  type ManifestSignature,
  MANIFEST_BYTES_MAX,
  MANIFEST_VERSION,
  readManifest,
  type ReadManifest,
  signedText,
  powerOf,
} from './lifecycle/manifest.ts';
export {
  type ManifestsRequired,
  type ManifestTools,
  type PapersState,
  papersState,
  type Signer,
} from './lifecycle/papers.ts';
export { judge, type Judged, LIFECYCLE_RULES, type LifecycleRules, type Verdict } from './lifecycle/rules.ts';
export {
  afterMove,
  type Holding,
  type Move,
  MOVE_CAUSES,
  type MoveCause,
  moveRefusal,
  replayMoves,
  rollbackTarget,
  statusOf,
} from './lifecycle/standing.ts';
export {
  GUARD_CHARS_MAX,
  type Guarded,
  guard,
  type GuardKind,
  type GuardRemoved,
  sumOf,
} from './observations/guard.ts';
export { KEY_BEGINS, KEY_ENDS, type MaskedText, maskSecrets } from './observations/secrets.ts';
export {
  NO_SUBJECT,
  type ObservedCall,
  OBSERVATION_VERSION,
  type ObservedRecord,
  type ObservedWord,
  type ReadRecord,
  readRecord,
  subjectOf,
} from './observations/observation.ts';
export { CHECK_KINDS, type Check, type CheckedAnswer, type CheckKind, checkScore } from './success/check.ts';
export { ANSWER_FORMATS, type AnswerFormat } from './success/format.ts';
export {
  type Agreement,
  agreementOf,
  isJudge,
  isMoreRight,
  JUDGE,
  NO_PAIRS,
  sourcesOf,
  type VerdictPairs,
  withPair,
} from './success/agreement.ts';
export { JUDGED_CHARS_MAX, type JudgedCase, judgeQuestion, type JudgeQuestion, judgeWord } from './success/judge.ts';
export {
  HANG_UP_WEIGHT,
  type HangUpKind,
  hangUpRight,
  isCorrection,
  RETRY_MS,
  SIGNAL_MS,
  SIGNAL_WEIGHT,
  type SignalKind,
  signalRight,
} from './success/signal.ts';
export { Pattern } from './success/pattern.ts';
export { PATTERN_CHARS_MAX } from './success/pattern-parse.ts';
export { type CheckSaid, type CheckVerdict, verdictOf } from './success/verdict.ts';
export { NearTexts, resemblance, shingles } from './observations/minhash.ts';
export {
  type Candidate,
  curate,
  CURATE_DEFAULTS,
  type CurateSettings,
  type Dataset,
  type DatasetManifest,
  LEFT_OUT,
  type LeftOut,
  type Segment,
} from './observations/curate.ts';
export { labelQueue, type ObservedRow, type Queued, uncertaintyOf } from './observations/label-queue.ts';
export {
  type ModelStep,
  type ObservationKpis,
  observationKpis,
  promotionCycles,
  type PromotionCycle,
  type TopicKpi,
} from './observations/kpis.ts';
