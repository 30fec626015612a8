import { readFileSync } from 'node:fs';
import type { JsonObject } from '@atp-router/kernel';
import type { EncodeContext, GenEvent, GenRequest, ProviderDialect } from '../../src/index.ts';
import { framer } from '../../src/index.ts';

export function fixtureBytes(path: string): Uint8Array {
  return readFileSync(new URL(`../fixtures/${path}`, import.meta.url));
}

export function fixtureText(path: string): string {
  return new TextDecoder().decode(fixtureBytes(path));
}

export function fixtureJson(path: string): JsonObject {
  return JSON.parse(fixtureText(path)) as JsonObject;
}

export interface Decoded {
  readonly events: readonly GenEvent[];
  readonly pending_bytes: number;
}

/** Events of a byte stream that arrives in the given pieces. */
export function decodeStream(dialect: ProviderDialect, pieces: readonly Uint8Array[]): Decoded {
  const split = framer(dialect.framing, 1_000_000);
  const decoder = dialect.streamDecoder();
  const events = pieces.flatMap((piece) => split.push(piece).flatMap((frame) => decoder.push(frame)));
  return { events, pending_bytes: split.pending_bytes };
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
  return {
    upstream_model: 'gemini-2.5-flash',
    stream: false,
    default_max_output_tokens: 4_096,
    drop: () => false,
    ...over,
  };
}
