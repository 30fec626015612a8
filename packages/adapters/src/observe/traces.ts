import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
import type { CallEnded } from '@atp-router/ledger';
import type { TraceGauges } from './live-gauges.ts';
import { attemptAttributes, callAttributes, operationOf, type UpstreamFinder } from './span-attributes.ts';

export interface TraceOptions {
  /** Address of the collector with its path, such as `http://127.0.0.1:4318/v1/traces`. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Share of calls that are traced when the caller's `traceparent` did not decide. */
  readonly sample_ratio: number;
  readonly version: string;
  readonly node_id: string;
  /** What is known of a model's upstream; asked for traced attempts only. */
  readonly upstreamOf: UpstreamFinder;
}

/**
 * Exports calls as spans: one for the call, one below it for each attempt. They are made from the usage record when a
 * call ends, so that tracing costs a running call nothing. A collector that is slow or away costs spans, never calls.
 */
export interface Tracing {
  onCallEnded(event: CallEnded): void;
  stats(): TraceGauges;
  /** Sends what waits, for at most some seconds; never rejects. */
  shutdown(): Promise<void>;
}

/** About a second of full load, some 10 MB; what comes beyond it while the collector does not take more is dropped. */
const WAITING_SPANS_MAX = 8_192;
/** For one export with its retries. */
const EXPORT_TIMEOUT_MS = 10_000;
/** The end of the process must not depend on a collector. */
const SHUTDOWN_MS = 5_000;
/** Clients invent model names. */
const VALUE_CHARS_MAX = 256;

export function otlpTracing(options: TraceOptions): Tracing {
  const counts = { made: 0, exported: 0, failed: 0, dropped: 0 };
  const provider = makeProvider(options, counts);
  const tracer = provider.getTracer('atp-router', options.version);
  return {
    onCallEnded(event) {
      if (!isSampled(event, options.sample_ratio)) return;
      const spans = 1 + event.attempts.length;
      if (counts.made - counts.exported - counts.failed + spans > WAITING_SPANS_MAX) {
        counts.dropped += spans;
        return;
      }
      counts.made += spans;
      const operation = operationOf(event.endpoint);
      const begin = {
        kind: SpanKind.SERVER,
        startTime: hrTime(event.started_ms),
        attributes: callAttributes(event, options.upstreamOf),
      };
      const span = tracer.startSpan(nameOf(operation, event.requested_model), begin, parentOf(event));
      const inner = trace.setSpan(ROOT_CONTEXT, span);
      for (const attempt of event.attempts) {
        const start_ms = event.started_ms + (attempt.offset_ms ?? 0);
        const attributes = attemptAttributes(event, attempt, options.upstreamOf);
        const child = tracer.startSpan(
          nameOf(operation, String(attributes['gen_ai.request.model'])),
          { kind: SpanKind.CLIENT, startTime: hrTime(start_ms), attributes },
          inner,
        );
        if (attempt.error !== undefined) child.setStatus({ code: SpanStatusCode.ERROR, message: attempt.error });
        child.end(hrTime(start_ms + attempt.latency_ms));
      }
      if (event.error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: event.error });
      span.end(hrTime(event.started_ms + event.latency_ms));
    },
    stats: () => ({ exported_total: counts.exported, failed_total: counts.failed, dropped_total: counts.dropped }),
    shutdown: () => within(SHUTDOWN_MS, provider.shutdown()),
  };
}

interface Counts {
  exported: number;
  failed: number;
}

function makeProvider(options: TraceOptions, counts: Counts): TracerProvider {
  const { endpoint, headers, version, node_id } = options;
  const attributes: Attributes = {
    'service.name': 'atp-router',
    'service.version': version,
    'service.instance.id': node_id,
  };
  const exporter = new OTLPTraceExporter({ url: endpoint, headers: { ...headers }, timeoutMillis: EXPORT_TIMEOUT_MS });
  return new TracerProvider({
    resource: resourceFromAttributes(attributes),
    spanLimits: { attributeValueLengthLimit: VALUE_CHARS_MAX },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: counting(exporter, counts),
        maxQueueSize: WAITING_SPANS_MAX,
        exportTimeoutMillis: EXPORT_TIMEOUT_MS,
      }),
    ],
  });
}

function counting(inner: SpanExporter, counts: Counts): SpanExporter {
  return {
    export(spans, done) {
      inner.export(spans, (result) => {
        if (result.code === 0) counts.exported += spans.length;
        else counts.failed += spans.length;
        done(result);
      });
    },
    shutdown: () => inner.shutdown(),
  };
}

/** The caller's decision counts; without one the ratio does. */
function isSampled({ trace_id, trace_sampled }: CallEnded, ratio: number): boolean {
  return trace_id === undefined ? Math.random() < ratio : trace_sampled === true;
}

function parentOf({ trace_id, parent_span_id }: CallEnded): Context {
  if (trace_id === undefined || parent_span_id === undefined) return ROOT_CONTEXT;
  const parent = { traceId: trace_id, spanId: parent_span_id, traceFlags: TraceFlags.SAMPLED, isRemote: true };
  return trace.setSpanContext(ROOT_CONTEXT, parent);
}

function nameOf(operation: string, model: string): string {
  return `${operation} ${model.slice(0, VALUE_CHARS_MAX)}`;
}

/** Seconds and nanoseconds. A plain number before the start of the process would be taken for a monotonic time. */
function hrTime(epoch_ms: number): [number, number] {
  const seconds = Math.floor(epoch_ms / 1_000);
  return [seconds, Math.round((epoch_ms - seconds * 1_000) * 1_000_000)];
}

function within(limit_ms: number, work: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, limit_ms);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    work.then(end, end);
  });
}
