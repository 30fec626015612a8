export { type LineFields, type LineLevel, type LogLine, lineOf } from './event-lines.ts';
export { LabelLimit } from './label-limit.ts';
export { registerLiveGauges } from './live-gauges.ts';
export { type Logger, type LogOptions, type LogSink, openLogger } from './logger.ts';
export { type LiveGauges, RouterMetrics, type TargetGauges, type TenantGauges } from './metrics.ts';
export { otlpTracing, type TraceOptions, type Tracing } from './traces.ts';
