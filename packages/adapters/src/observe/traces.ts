import { type Context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TracerProvider,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import { nanosToMicros } from '@atp-router/kernel';
import type { AttemptRecord, CallEnded } from '@atp-router/ledger';

export interface TraceOptions {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Share of calls that are traced when the caller's `traceparent` did not decide. */
  readonly sample_ratio: number;
  readonly version: string;
  readonly node_id: string;
}

/** Exports calls as spans. Made from the usage record when a call ends, so that tracing costs a running call nothing. */
export interface Tracing {
  onCallEnded(event: CallEnded): void;
  shutdown(): Promise<void>;
}

/** OpenTelemetry GenAI semantic conventions 1.3x: operation names by endpoint. */
const OPERATION: Readonly<Record<string, string>> = { embeddings: 'embeddings' };

export function otlpTracing(options: TraceOptions): Tracing {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'atp-router',
      'service.version': options.version,
      'service.instance.id': options.node_id,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.sample_ratio) }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({ url: options.endpoint, headers: { ...options.headers } }),
        // About a second of full load; beyond it spans are dropped, never the calls.
        maxQueueSize: 8_192,
      }),
    ],
  });
  const tracer = provider.getTracer('atp-router', options.version);
  return {
    onCallEnded(event) {
      const operation = OPERATION[event.endpoint] ?? 'chat';
      const end_ms = event.started_ms + event.latency_ms;
      const span = tracer.startSpan(
        `${operation} ${event.requested_model}`,
        { kind: SpanKind.SERVER, startTime: event.started_ms, attributes: callAttributes(event, operation) },
        parentOf(event),
      );
      if (event.error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: event.error });
      if (span.isRecording()) {
        const inner = trace.setSpan(ROOT_CONTEXT, span);
        for (const attempt of event.attempts) {
          const start_ms = event.started_ms + (attempt.offset_ms ?? 0);
          const child = tracer.startSpan(
            `${operation} ${attempt.model}`,
            { kind: SpanKind.CLIENT, startTime: start_ms, attributes: attemptAttributes(attempt, operation) },
            inner,
          );
          if (attempt.error !== undefined) child.setStatus({ code: SpanStatusCode.ERROR, message: attempt.error });
          child.end(start_ms + attempt.latency_ms);
        }
      }
      span.end(end_ms);
    },
    shutdown: () => provider.shutdown(),
  };
}

function parentOf(event: CallEnded): Context {
  const { trace_id, parent_span_id, trace_sampled } = event;
  if (trace_id === undefined || parent_span_id === undefined) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId: trace_id,
    spanId: parent_span_id,
    traceFlags: trace_sampled === true ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
  });
}

function callAttributes(event: CallEnded, operation: string): Record<string, string | number | boolean> {
  const last = event.attempts[event.attempts.length - 1];
  return {
    'gen_ai.operation.name': operation,
    'gen_ai.request.model': event.requested_model,
    'gen_ai.usage.input_tokens': event.usage.in_tokens,
    'gen_ai.usage.output_tokens': event.usage.out_tokens,
    'http.response.status_code': event.status,
    'atp.call_id': event.call_id,
    'atp.tenant': event.tenant,
    'atp.qos': event.qos,
    'atp.endpoint': event.endpoint,
    'atp.cost_usd_micros': nanosToMicros(event.cost_usd_nanos),
    'atp.attempts': event.attempts.length,
    'atp.outcome': event.outcome,
    ...(last === undefined ? {} : { 'gen_ai.provider.name': last.provider, 'gen_ai.response.model': last.model }),
    ...(event.policy === undefined ? {} : { 'atp.policy': event.policy }),
    ...(event.agent === undefined ? {} : { 'gen_ai.agent.name': event.agent }),
    ...(event.error === undefined ? {} : { 'error.type': event.error }),
    ...(event.ttfb_ms === undefined ? {} : { 'atp.time_to_first_byte_ms': event.ttfb_ms }),
  };
}

function attemptAttributes(attempt: AttemptRecord, operation: string): Record<string, string | number> {
  return {
    'gen_ai.operation.name': operation,
    'gen_ai.provider.name': attempt.provider,
    'gen_ai.request.model': attempt.model,
    'gen_ai.usage.input_tokens': attempt.usage.in_tokens,
    'gen_ai.usage.output_tokens': attempt.usage.out_tokens,
    'atp.attempt': attempt.n,
    'atp.attempt.kind': attempt.kind,
    'atp.cost_usd_micros': nanosToMicros(attempt.cost_usd_nanos),
    'atp.usage_source': attempt.usage_source,
    ...(attempt.error === undefined ? {} : { 'error.type': attempt.error }),
  };
}
