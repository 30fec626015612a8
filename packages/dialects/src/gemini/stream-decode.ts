import type { HostedUses, JsonObject } from '@atp-router/kernel';
import type { Frame, StreamDecoder } from '../dialect.ts';
import type { GenEvent } from '../event.ts';
import { parseData } from '../frame-data.ts';
import { toolCallId } from '../tool-ids.ts';
import { decodeErrorObject } from './errors.ts';
import { decodeLogprobs } from './logprobs.ts';
import {
  blockedText,
  candidatesOf,
  createdOf,
  decodeFinish,
  decodeParts,
  groundingUses,
  indexOf,
  textOf,
} from './parts.ts';
import { decodeUsage } from './usage.ts';

const NOTHING: readonly GenEvent[] = [];

/**
 * `streamGenerateContent?alt=sse` → events. Each frame is a whole `GenerateContentResponse` with the parts that are new.
 * The shape has no end mark: a stream is complete when every candidate has finished. Usage comes with every frame and
 * counts from the beginning, so the last one stands.
 */
export function streamDecoder(): StreamDecoder {
  const state: State = { started: false, id: '', calls: new Map(), hosted_uses: undefined };
  return {
    get hosted_uses(): HostedUses | undefined {
      return state.hosted_uses;
    },
    push(frame: Frame): readonly GenEvent[] {
      if (frame.data === '') return NOTHING;
      const body = parseData(frame.data);
      const error = body['error'];
      if (error !== undefined && error !== null) return [{ type: 'error', error: decodeErrorObject(502, error) }];
      const events: GenEvent[] = [];
      if (!state.started) start(body, state, events);
      const candidates = candidatesOf(body);
      state.hosted_uses ??= groundingUses(candidates);
      candidates.forEach((candidate, position) => {
        decodeCandidate(candidate, indexOf(candidate, position), state, events);
      });
      const blocked = candidates.length === 0 ? blockedText(body) : undefined;
      if (blocked !== undefined) {
        events.push({ type: 'refusal', choice: 0, delta: blocked });
        events.push({ type: 'finish', choice: 0, reason: 'content_filter' });
      }
      const usage = decodeUsage(body['usageMetadata']);
      if (usage !== undefined) events.push({ type: 'usage', usage });
      return events;
    },
  };
}

interface State {
  started: boolean;
  id: string;
  /** Function calls seen so far, by candidate. */
  readonly calls: Map<number, number>;
  hosted_uses: HostedUses | undefined;
}

function start(body: JsonObject, state: State, events: GenEvent[]): void {
  state.started = true;
  state.id = textOf(body, 'responseId');
  events.push({ type: 'start', id: state.id, model: textOf(body, 'modelVersion'), created_s: createdOf(body) });
}

function decodeCandidate(candidate: JsonObject, choice: number, state: State, events: GenEvent[]): void {
  for (const part of decodeParts(candidate)) {
    if (part.type === 'text') events.push({ type: 'text', choice, delta: part.text });
    else if (part.type === 'opaque') events.push({ type: 'opaque', choice, origin: 'gemini', raw: part.raw });
    else if (part.type === 'thinking') {
      events.push({ type: 'thinking', choice, delta: part.text, origin: 'gemini' });
      if (part.signature !== undefined) events.push({ type: 'thinking_signature', choice, signature: part.signature });
    } else {
      const index = state.calls.get(choice) ?? 0;
      state.calls.set(choice, index + 1);
      const { args_json, ...call } = part;
      events.push({ ...call, choice, index, id: part.id ?? toolCallId(state.id, choice, index) });
      events.push({ type: 'tool_args', choice, index, delta: args_json });
    }
  }
  const logprobs = decodeLogprobs(candidate);
  if (logprobs !== undefined) events.push({ type: 'logprobs', choice, content: logprobs });
  const reason = textOf(candidate, 'finishReason');
  if (reason !== '') {
    events.push({ type: 'finish', choice, reason: decodeFinish(reason, (state.calls.get(choice) ?? 0) > 0) });
  }
}
