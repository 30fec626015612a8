import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A span as the OTLP/JSON body has it (https://opentelemetry.io/docs/specs/otlp/), attributes made plain. */
export interface ReceivedSpan {
  readonly name: string;
  readonly kind: number;
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id: string;
  readonly start_ns: bigint;
  readonly end_ns: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** 0 unset, 1 ok, 2 error. */
  readonly status: number;
  readonly message: string;
  readonly resource: Readonly<Record<string, unknown>>;
}

/** A collector that takes traces by OTLP over HTTP. */
export interface Receiver {
  readonly endpoint: string;
  readonly spans: readonly ReceivedSpan[];
  readonly headers: readonly IncomingHttpHeaders[];
  /** Resolves when so many requests have come. */
  requests(count: number): Promise<void>;
}

export type Reaction = (res: ServerResponse) => void;

const ACCEPT: Reaction = (res) => {
  res.writeHead(200, { 'content-type': 'application/json' }).end('{}');
};

export async function receiver(react: Reaction = ACCEPT): Promise<Receiver> {
  const spans: ReceivedSpan[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const waiting: { count: number; done: () => void }[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      headers.push(req.headers);
      spans.push(...spansOf(JSON.parse(Buffer.concat(chunks).toString()) as OtlpBody));
      react(res);
      for (const one of waiting) if (headers.length >= one.count) one.done();
    });
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`,
    spans,
    headers,
    requests: (count) =>
      new Promise((done) => {
        if (headers.length >= count) done();
        else waiting.push({ count, done });
      }),
  };
}

interface OtlpValue {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
}

type OtlpAttributes = readonly { readonly key: string; readonly value: OtlpValue }[];

interface OtlpBody {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: OtlpAttributes };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

interface OtlpSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: OtlpAttributes;
  readonly status: { readonly code: number; readonly message?: string };
}

function spansOf(body: OtlpBody): ReceivedSpan[] {
  return body.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        ...{ name: span.name, kind: span.kind, trace_id: span.traceId, span_id: span.spanId },
        parent_span_id: span.parentSpanId ?? '',
        start_ns: BigInt(span.startTimeUnixNano),
        end_ns: BigInt(span.endTimeUnixNano),
        attributes: plain(span.attributes),
        status: span.status.code,
        message: span.status.message ?? '',
        resource: plain(resource.attributes),
      })),
    ),
  );
}

function plain(attributes: OtlpAttributes): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.boolValue ?? value.doubleValue ?? Number(value.intValue),
    ]),
  );
}
