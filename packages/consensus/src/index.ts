export type * from './answer.ts';
export { answerKey } from './answer-key.ts';
export type * from './plan.ts';
export {
  STRATEGIES,
  STRATEGY_KINDS,
  STRATEGY_OF_MODE,
  THRESHOLD_DEFAULT,
  type StrategyTraits,
  TRIGGER_KINDS,
  TRIGGERS,
  type TriggerTraits,
} from './kinds.ts';
export { readAnswer } from './reading.ts';
export * from './session/index.ts';
export * from './strategies/index.ts';
export type * from './strategy.ts';
export { foldText } from './text/fold.ts';
export {
  type Agreement,
  agreementIn,
  agreementOf,
  ANSWERS_MAX,
  cosineScorer,
  JACCARD,
  pairMatrix,
  ROUGE_1,
  ROUGE_L,
  type Scorer,
  vectorAgreement,
} from './agreement/agreement.ts';
export { type Comparable, comparable, FINDING_WEIGHTS, findingAgreement } from './agreement/findings.ts';
export { wordsOf } from './agreement/words.ts';
export { type AsyncEmbedder, cosine, type Embedder } from './embed/embedder.ts';
export { hashedEmbedder } from './embed/hashed.ts';
export { type FallBack, PreparedVectors } from './embed/prepared.ts';
export { Vectors, type VectorSource } from './embed/vectors.ts';
export {
  ALIAS_CHARS_MAX,
  ALIASES_MAX,
  type AliasComplaint,
  type AliasesRead,
  type AliasSource,
  type AliasTable,
  readAliases,
  SEVERITIES,
} from './findings/aliases.ts';
export { canonicalFile, canonicalFinding, canonicalSeverity, canonicalType, findingId } from './findings/canonical.ts';
export {
  clusterFindings,
  type ClusterOptions,
  type FindingCluster,
  laneAgreement,
  SAME_FROM,
} from './findings/cluster.ts';
export { DEFAULT_ALIASES, aliasTable } from './findings/default-aliases.ts';
export { compareFindings, mergeFindings, severityRank } from './findings/merge.ts';
export { type FindingComplaint, FINDINGS_MAX, type FindingsRead, readFindings } from './findings/read.ts';
export { type Bounds, type Split, splitBudget } from './split.ts';
export { Calibrator } from './calibration/calibrator.ts';
export { type CalibrationRecord, Calibrators } from './calibration/calibrators.ts';
export type { OutcomesRecord } from './calibration/outcomes.ts';
export { readCitations } from './evidence/citations.ts';
export { type CitationVerdict, DocumentIndex } from './evidence/documents.ts';
export {
  type CheckedCitation,
  checkAnswer,
  checkFinding,
  type EvidenceCheck,
  evidenceScore,
} from './evidence/score.ts';
export { type CompactHeatmap, compactHeatmap, spansOfCompact } from './heatmap/compact.ts';
export { type Heatmap, heatmapOf, type HeatSpan, type LaneHeat } from './heatmap/heatmap.ts';
export { type Heat, type HeatLine, heatLines, heatOf, type HeatRun } from './heatmap/render.ts';
export * from './voting/index.ts';
export { type FixedRegret, type Regret, type Round, regretOf } from './adaptive/regret.ts';
export {
  bestOf,
  readScores,
  type Score,
  type ScoreRecord,
  ScoreTable,
  type StrategyScores,
} from './adaptive/scores.ts';
export {
  type Comparison,
  compare,
  mergeStream,
  type StrategyTools,
  type StreamPart,
  strategyOf,
} from './strategies/index.ts';
export * from './learning/index.ts';
export * from './reputation/index.ts';
