import { readFileSync } from 'node:fs';
import { isJsonObject, type JsonObject } from '@atp-router/kernel';
import {
  type AtpField,
  type EncodeContext,
  type Frame,
  framer,
  type GenEvent,
  openaiResponses,
} from '@atp-router/dialects';

export const FRAME_BYTES = 1_000_000;

export const ATP: AtpField = {
  request_id: 'req-1',
  model: 'small',
  attempts: 1,
  cost_usd_micros: 42,
  usage_source: 'reported',
};

export function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/openai-responses/${name}`, import.meta.url), 'utf8');
}

export function json(name: string): JsonObject {
  return parse(fixture(name));
}

export function parse(text: string): JsonObject {
  const value: unknown = JSON.parse(text);
  if (!isJsonObject(value)) throw new Error('not an object');
  return value;
}

export function encodeContext(more: Partial<EncodeContext> = {}): EncodeContext {
  return { upstream_model: 'gpt-x', stream: false, default_max_output_tokens: 4_096, drop: () => false, ...more };
}

export function framesOf(sse: string): Frame[] {
  return framer('sse', FRAME_BYTES).push(new TextEncoder().encode(sse));
}

export function eventsOfStream(sse: string): GenEvent[] {
  const decoder = openaiResponses.streamDecoder();
  return framesOf(sse).flatMap((frame) => [...decoder.push(frame)]);
}

/** What one typed stream says, as parsed `data` objects. */
export function typedEvents(sse: string): JsonObject[] {
  return framesOf(sse).map((frame) => {
    const event = parse(frame.data);
    if (frame.event !== event['type']) throw new Error(`event line "${frame.event}" differs from its type`);
    return event;
  });
}

/** The stream that a client gets for these events. */
export function encodeStream(events: readonly GenEvent[], request?: JsonObject): string {
  const encoder = openaiResponses.streamEncoder({
    id: '01abc',
    model: 'small',
    created_s: 1_764_000_100,
    include_usage: true,
    ...(request === undefined ? {} : { request }),
  });
  return events.map((event) => encoder.push(event)).join('') + encoder.finish(ATP);
}
