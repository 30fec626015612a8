import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
  TraceFlags,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
import type { CallEnded, ConsensusEnded } from '@atp-router/ledger';
import type { MessageId } from '@atp-router/wire';
import { countSpans, sessionSpans } from './consensus-spans.ts';
import { hrTime } from './hr-time.ts';
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
 * Exports calls as spans: one for the call, one below it for each attempt, with those of a session between. They are made from the usage record when a
 * call ends, so that tracing costs a running call nothing. A collector that is slow or away costs spans, never calls.
 */
export interface Tracing {
  onCallEnded(event: CallEnded): void;
  /** The session of the call that ended last: told right behind it. */
  onConsensusEnded(event: ConsensusEnded): void;
  /** A message of an ATP session whose client traces its task. */
  onMessage(span: MessageSpan): void;
  stats(): TraceGauges;
  /** Sends what waits, for at most some seconds; never rejects. */
  shutdown(): Promise<void>;
}

/** The way of one message: `atp.reassembly` from its first fragment to its last, `atp.ack` from its sending until it is acknowledged. */
export interface MessageSpan {
  readonly name: 'atp.reassembly' | 'atp.ack';
  readonly trace_id: string;
  readonly parent_span_id: string;
  readonly started_ms: number;
  readonly ended_ms: number;
  readonly id: MessageId;
  readonly fragments: number;
  readonly sends?: number;
}

/** About a second of full load, some 10 MB; what comes beyond it while the collector does not take more is dropped. */
const WAITING_SPANS_MAX = 8_192;
/** Keeps a turn of the event loop below some milliseconds. */
const CALLS_PER_TURN = 64;
/** For one export with its retries. */
const EXPORT_TIMEOUT_MS = 10_000;
/** The end of the process must not depend on a collector. */
const SHUTDOWN_MS = 3_000;
/** Clients invent model names. */
const VALUE_CHARS_MAX = 256;

export function otlpTracing(options: TraceOptions): Tracing {
  return new OtlpTracing(options);
}

class OtlpTracing implements Tracing {
  readonly #options: TraceOptions;
  readonly #counts: Counts = { exported: 0, failed: 0 };
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;
  #ended: { readonly call: CallEnded; session: ConsensusEnded | undefined }[] = [];
  #accepted = 0;
  #dropped = 0;
  #turn: NodeJS.Immediate | undefined;

  constructor(options: TraceOptions) {
    this.#options = options;
    this.#provider = makeProvider(options, this.#counts);
    this.#tracer = this.#provider.getTracer('atp-router', options.version);
  }

  onCallEnded(event: CallEnded): void {
    if (!isSampled(event, this.#options.sample_ratio)) return;
    const spans = 1 + event.attempts.length;
    if (this.#waiting + spans > WAITING_SPANS_MAX) {
      this.#dropped += spans;
      return;
    }
    this.#accepted += spans;
    this.#ended.push({ call: event, session: undefined });
    // The call has still to be answered: spans cost tens of microseconds and can wait for the next turn.
    this.#turn ??= setImmediate(() => this.#makeSpans(CALLS_PER_TURN));
  }

  onConsensusEnded(session: ConsensusEnded): void {
    const last = this.#ended.at(-1);
    // It is not traced.
    if (last?.call.call_id !== session.call_id) return;
    const spans = countSpans(session);
    if (this.#waiting + spans > WAITING_SPANS_MAX) {
      this.#dropped += spans;
      return;
    }
    this.#accepted += spans;
    last.session = session;
  }

  onMessage(message: MessageSpan): void {
    if (this.#waiting >= WAITING_SPANS_MAX) {
      this.#dropped += 1;
      return;
    }
    this.#accepted += 1;
    const { name, started_ms, ended_ms, id, fragments, sends } = message;
    const attributes: Attributes = {
      'atp.stream_id': id.lane.stream_id,
      'atp.msg_seq': id.msg_seq,
      'atp.fragments': fragments,
      ...(sends !== undefined && { 'atp.sends': sends }),
    };
    const begin = { kind: SpanKind.INTERNAL, startTime: hrTime(started_ms), attributes };
    this.#tracer.startSpan(name, begin, parentOf(message)).end(hrTime(ended_ms));
  }

  stats(): TraceGauges {
    const { exported, failed } = this.#counts;
    return { exported_total: exported, failed_total: failed, dropped_total: this.#dropped };
  }

  shutdown(): Promise<void> {
    clearImmediate(this.#turn);
    this.#makeSpans(this.#ended.length);
    return within(SHUTDOWN_MS, this.#provider.shutdown());
  }

  /** Spans that are not exported yet. */
  get #waiting(): number {
    return this.#accepted - this.#counts.exported - this.#counts.failed;
  }

  #makeSpans(calls: number): void {
    for (const { call, session } of this.#ended.splice(0, calls)) {
      makeSpans(this.#tracer, call, session, this.#options.upstreamOf);
    }
    this.#turn = this.#ended.length > 0 ? setImmediate(() => this.#makeSpans(CALLS_PER_TURN)) : undefined;
  }
}

function makeSpans(
  tracer: Tracer,
  event: CallEnded,
  session: ConsensusEnded | undefined,
  upstreamOf: UpstreamFinder,
): void {
  const operation = operationOf(event.endpoint);
  const begin = {
    kind: SpanKind.SERVER,
    startTime: hrTime(event.started_ms),
    attributes: callAttributes(event, upstreamOf),
  };
  const span = tracer.startSpan(nameOf(operation, event.requested_model), begin, parentOf(event));
  const inner = trace.setSpan(ROOT_CONTEXT, span);
  const lanes = session && sessionSpans(tracer, session, inner);
  for (const attempt of event.attempts) {
    const start_ms = event.started_ms + (attempt.offset_ms ?? 0);
    const attributes = attemptAttributes(event, attempt, upstreamOf);
    const child = tracer.startSpan(
      nameOf(operation, String(attributes['gen_ai.request.model'])),
      { kind: SpanKind.CLIENT, startTime: hrTime(start_ms), attributes },
      lanes?.of(attempt) ?? inner,
    );
    if (attempt.error !== undefined) child.setStatus({ code: SpanStatusCode.ERROR, message: attempt.error });
    child.end(hrTime(start_ms + attempt.latency_ms));
  }
  if (event.error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: event.error });
  span.end(hrTime(event.started_ms + event.latency_ms));
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

function parentOf({ trace_id, parent_span_id }: Pick<CallEnded, 'trace_id' | 'parent_span_id'>): Context {
  if (trace_id === undefined || parent_span_id === undefined) return ROOT_CONTEXT;
  const parent = { traceId: trace_id, spanId: parent_span_id, traceFlags: TraceFlags.SAMPLED, isRemote: true };
  return trace.setSpanContext(ROOT_CONTEXT, parent);
}

function nameOf(operation: string, model: string): string {
  return `${operation} ${model.slice(0, VALUE_CHARS_MAX)}`;
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
