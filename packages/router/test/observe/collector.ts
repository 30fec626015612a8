import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A span of an OTLP/JSON body (https://opentelemetry.io/docs/specs/otlp/), attributes made plain. */
export interface Span {
  readonly name: string;
  /** 2 server, 3 client. */
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly start_ms: number;
  readonly end_ms: number;
  /** 0 unset, 2 error. */
  readonly status: { readonly code: number; readonly message?: string };
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A collector that takes traces by OTLP over HTTP, or does with a request what `react` says. */
export interface Collector {
  readonly endpoint: string;
  readonly spans: readonly Span[];
}

export async function collector(react?: (res: ServerResponse) => void): Promise<Collector> {
  const spans: Span[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      if (react !== undefined) {
        react(res);
        return;
      }
      spans.push(...spansOf(JSON.parse(Buffer.concat(chunks).toString()) as Body));
      res.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`, spans };
}

type Value = Readonly<Record<string, string | number | boolean>>;

interface Wire extends Omit<Span, 'attributes' | 'start_ms' | 'end_ms'> {
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Value }[];
}

interface Body {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly Wire[] }[] }[];
}

function spansOf(body: Body): Span[] {
  const wires = body.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
  return wires.map(({ attributes, startTimeUnixNano, endTimeUnixNano, ...rest }) => ({
    ...rest,
    start_ms: Number(BigInt(startTimeUnixNano) / 1_000n) / 1_000,
    end_ms: Number(BigInt(endTimeUnixNano) / 1_000n) / 1_000,
    attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]])),
  }));
}
