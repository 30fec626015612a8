export * from './agent-metrics.ts';
export { registerCarbonGauge } from './carbon-gauge.ts';
export { type ClusterGauges, registerClusterGauges } from './cluster-gauges.ts';
export { type LineFields, type LineLevel, type LogLine, lineOf } from './event-lines.ts';
export {
  type LiveGauges,
  type ProcessState,
  registerLiveGauges,
  type TargetGauges,
  type TenantGauges,
  type TenantLimits,
} from './live-gauges.ts';
export { type EmbedMaker, type EmbedOutcome, EmbedSeries } from './embed-series.ts';
export {
  type FlowGauges,
  type FlowOutcome,
  FlowSeries,
  type FlowSpendingGauges,
  type FlowTierGauges,
  type FlowWindowGauges,
} from './flow-series.ts';
export { type MetricFamily, parseMetrics, writeMetrics } from './exposition.ts';
export { countsOf, mergeMetrics, OWNER_PROCESS, type ProcessMetrics } from './merge-metrics.ts';
export {
  type LearnedGauges,
  registerLearnedGauges,
} from './learned-gauges.ts';
export { GAUGE_RULES } from './merge-rules.ts';
export { type Logger, type LogOptions, type LogSink, openLogger } from './logger.ts';
export { RouterMetrics } from './metrics.ts';
export { ObservationSeries, type ObservationState } from './observation-series.ts';
export { type JudgedOutcome, SuccessSeries } from './success-series.ts';
export { type SessionGauges, SessionSeries } from './session-series.ts';
export { type HttpConnectionsUsage, sessionRoomMetrics } from './session-room.ts';
export type { MetricInfo, MetricRegistry } from './registry.ts';
export type { TracedUpstream } from './span-attributes.ts';
export { type MessageSpan, otlpTracing, type TraceOptions, type Tracing } from './traces.ts';
