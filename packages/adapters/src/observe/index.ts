export { LabelLimit } from './label-limit.ts';
export { registerLiveGauges } from './live-gauges.ts';
export { type LiveGauges, RouterMetrics, type TargetGauges, type TenantGauges } from './metrics.ts';
export { otlpTracing, type TraceOptions, type Tracing } from './traces.ts';
