export { type CheckOptions, type CheckResult, checkConfig } from './check.ts';
export { readDocument } from './document.ts';
export { type Discovery, discoverConfig, type OllamaModel, type OllamaProbe } from './discover.ts';
export { type CheckReport, checkReport, type FormatOptions, formatProblems } from './format.ts';
export { isLocalProvider } from './local.ts';
export { configJsonSchema } from './json-schema.ts';
export { KNOWN_MODELS, KNOWN_MODELS_AS_OF, type KnownModel } from './known-models.ts';
export {
  type Env,
  type LoadOptions,
  type LoadResult,
  loadConfig,
  type ReadFile,
  type ReadResult,
  readTextFile,
  requireConfig,
} from './load.ts';
export type { ConfigWarning, Problem } from './problem.ts';
export { configReference, type ReferenceRow, referenceRows } from './reference.ts';
export { restartNeeded } from './restart.ts';
export { CONSENSUS_DEFAULTS } from './schema-fanout.ts';
export type { ValueSources } from './substitute.ts';
export type * from './types-price.ts';
export type * from './types.ts';
export type * from './types-cluster.ts';
export type * from './types-embed.ts';
export type * from './types-consensus.ts';
export type * from './types-observations.ts';
export type * from './types-policy.ts';
export type * from './types-registry.ts';
export type * from './types-cache.ts';
export type * from './types-carbon.ts';
export type * from './types-routing.ts';
export type * from './types-sessions.ts';
export type * from './types-flow.ts';
export { configWarnings, type KnownKeys } from './warnings.ts';
export { policyWarnings } from './warnings-policies.ts';
export { type ConfigWatcher, type ReloadOutcome, type WatchFolder, type WatchOptions, watchConfig } from './watch.ts';
