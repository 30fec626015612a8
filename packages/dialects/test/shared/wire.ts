import { readFileSync } from 'node:fs';
import type { JsonObject } from '@atp-router/kernel';
import {
  type AtpField,
  type Dialect,
  type EncodeContext,
  type EncodedRequest,
  type Frame,
  framer,
  type GenEvent,
  type GenRequest,
  type IngressDialect,
  type ProviderDialect,
} from '../../src/index.ts';

export function fixtureBytes(path: string): Uint8Array {
  return readFileSync(new URL(`../fixtures/${path}`, import.meta.url));
}

export function fixtureText(path: string): string {
  return new TextDecoder().decode(fixtureBytes(path));
}

export function fixtureJson(path: string): JsonObject {
  return JSON.parse(fixtureText(path)) as JsonObject;
}

/** Frames of a byte stream that arrives in the given pieces. */
export function framesOf(kind: 'sse' | 'ndjson', pieces: readonly Uint8Array[], limit_bytes = 1_000_000): Frame[] {
  const split = framer(kind, limit_bytes);
  return pieces.flatMap((piece) => split.push(piece));
}

/** Events of a byte stream that arrives in the given pieces. */
export function decodeStream(dialect: ProviderDialect, pieces: readonly Uint8Array[]): GenEvent[] {
  const decoder = dialect.streamDecoder();
  return framesOf(dialect.framing, pieces).flatMap((frame) => decoder.push(frame));
}

export function decodeFixture(dialect: ProviderDialect, path: string): GenEvent[] {
  return decodeStream(dialect, [fixtureBytes(path)]);
}

export function frame(value: unknown, event = ''): Frame {
  const data = typeof value === 'string' ? value : JSON.stringify(value);
  return { event, data, raw: new TextEncoder().encode(`data: ${data}\n\n`) };
}

export const ATP: AtpField = {
  request_id: 'req_1',
  model: 'small',
  attempts: 1,
  cost_usd_micros: 42,
  usage_source: 'reported',
};

/** The whole stream that a client gets for these events. */
export function encodeStream(dialect: IngressDialect, events: Iterable<GenEvent>, include_usage = true): string {
  const encoder = dialect.streamEncoder({ id: 'id_1', model: 'small', created_s: 1_700_000_000, include_usage });
  let out = '';
  for (const event of events) out += encoder.push(event);
  return out + encoder.finish(ATP);
}

/** The JSON of every frame of a stream; `[DONE]` as it is. */
export function payloads(stream: string): unknown[] {
  const frames = framesOf('sse', [new TextEncoder().encode(stream)]);
  return frames.map((f) => (f.data === '[DONE]' ? f.data : (JSON.parse(f.data) as unknown)));
}

export function request(over: Partial<GenRequest> = {}): GenRequest {
  return {
    source: 'openai-chat',
    model: 'm',
    stream: false,
    include_usage: false,
    system: [],
    messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }],
    tools: [],
    hosted_tools: [],
    stop: [],
    n: 1,
    extra: {},
    ...over,
  };
}

export function context(over: Partial<EncodeContext> = {}): EncodeContext {
  return { upstream_model: 'up', stream: false, default_max_output_tokens: 4_096, drop: () => false, ...over };
}

/** A client's body, as a provider of the other shape gets it. */
export function translate(
  from: IngressDialect,
  to: ProviderDialect,
  body: JsonObject,
  over?: Partial<EncodeContext>,
): EncodedRequest {
  return to.encodeRequest(from.decodeRequest(body), context({ upstream_model: 'claude-opus-5', ...over }));
}

/** A provider's stream, as a client of the other shape gets it. */
export function relay(from: ProviderDialect, to: Dialect, path: string, include_usage = true): string {
  return encodeStream(to, decodeFixture(from, path), include_usage);
}
