import { AtpError, isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import type { ResponseEncodeContext } from '../dialect.ts';
import type { Choice, FinishReason, GenResponse } from '../model.ts';
import { type Carrier, lossesOf } from '../losses.ts';
import { inputOf, toolUseId } from './content-encode.ts';
import { usesOfMessage } from './hosted-uses.ts';
import { decodeUsage, encodeMessageUsage } from './usage.ts';

/** Blocks of its own come and go as they are. */
export const CARRIER: Carrier = {
  words: 'Messages',
  carries: (event) => event.type === 'opaque' && event.origin === 'anthropic-messages',
};

type AnswerPart = Choice['parts'][number];

const FINISH: ReadonlyMap<unknown, FinishReason> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_calls'],
  ['pause_turn', 'pause'],
  ['refusal', 'content_filter'],
]);

/** Reasons that later versions add are taken for a normal end. */
export function decodeFinish(reason: unknown): FinishReason {
  return FINISH.get(reason) ?? 'stop';
}

/** What an answer contained, which other shapes tell by their finish reason and this shape by `stop_reason`. */
interface Contained {
  readonly tool_calls: boolean;
  readonly refusal: boolean;
}

export function encodeFinish(reason: FinishReason, stop_sequence: string | undefined, has: Contained): string {
  switch (reason) {
    case 'length':
      return 'max_tokens';
    case 'tool_calls':
      return 'tool_use';
    case 'content_filter':
    case 'error':
      return 'refusal';
    case 'pause':
      return 'pause_turn';
    case 'stop':
      if (stop_sequence !== undefined) return 'stop_sequence';
      // OpenAI ends a forced tool call, and a refusal, with a plain `stop`.
      if (has.tool_calls) return 'tool_use';
      return has.refusal ? 'refusal' : 'end_turn';
  }
}

/** The shape has no word for an answer that failed at its end; it must not pass for a normal end. */
export function stopDetails(reason: FinishReason | undefined): JsonObject | null {
  if (reason !== 'error') return null;
  return { type: 'refusal', category: null, explanation: 'The provider ended the answer with an error.' };
}

/** A whole Messages answer → internal model. */
export function decodeResponse(body: JsonObject): GenResponse {
  const content = body['content'];
  if (!Array.isArray(content)) {
    throw new AtpError('upstream_error', 'The provider answered without "content".', { origin: 'remote' });
  }
  const usage = decodeUsage(body['usage']);
  const hosted_uses = usesOfMessage(body);
  const stop_sequence = body['stop_sequence'];
  return {
    id: typeof body['id'] === 'string' ? body['id'] : '',
    model: typeof body['model'] === 'string' ? body['model'] : '',
    created_s: 0,
    choices: [
      {
        parts: (content as readonly JsonValue[]).filter(isJsonObject).map(decodeBlock),
        finish: decodeFinish(body['stop_reason']),
        ...(typeof stop_sequence === 'string' ? { stop_sequence } : {}),
      },
    ],
    ...(usage === undefined ? {} : { usage }),
    ...(hosted_uses === undefined ? {} : { hosted_uses }),
  };
}

function text(block: JsonObject, key: string): string {
  const value = block[key];
  return typeof value === 'string' ? value : '';
}

function decodeBlock(block: JsonObject): AnswerPart {
  switch (block['type']) {
    case 'text':
      return { type: 'text', text: text(block, 'text') };
    case 'thinking':
      return {
        type: 'thinking',
        text: text(block, 'thinking'),
        ...(typeof block['signature'] === 'string' ? { signature: block['signature'] } : {}),
        origin: 'anthropic-messages',
      };
    case 'redacted_thinking':
      return { type: 'thinking', text: '', redacted: text(block, 'data'), origin: 'anthropic-messages' };
    case 'tool_use':
      if (!isPlainToolUse(block)) break;
      return {
        type: 'tool_call',
        id: text(block, 'id'),
        name: text(block, 'name'),
        args_json: JSON.stringify(block['input'] ?? {}),
      };
    default:
  }
  return { type: 'opaque', origin: 'anthropic-messages', raw: block };
}

/** False for a call that hosted code made and for members of a provider's toolset. */
export function isPlainToolUse(block: JsonObject): boolean {
  const caller = isJsonObject(block['caller']) ? block['caller']['type'] : 'direct';
  return caller === 'direct' && typeof block['toolset_name'] !== 'string';
}

/** Internal model → a whole Messages answer. The shape has one alternative, so the first is told. */
export function encodeResponse(response: GenResponse, ctx: ResponseEncodeContext): JsonObject {
  lossesOf(response, CARRIER).refuseEmpty();
  const choice = response.choices[0];
  const parts = choice?.parts ?? [];
  const has = {
    tool_calls: parts.some((part) => part.type === 'tool_call'),
    refusal: parts.some((part) => part.type === 'refusal'),
  };
  return {
    ...messageStart(ctx.id, ctx.model),
    content: parts.map(encodePart).filter((block) => block !== undefined),
    stop_reason: encodeFinish(choice?.finish ?? 'stop', choice?.stop_sequence, has),
    stop_sequence: choice?.stop_sequence ?? null,
    stop_details: stopDetails(choice?.finish),
    usage: encodeMessageUsage(response.usage),
  };
}

/** A message without content, as a stream begins with it. */
export function messageStart(id: string, model: string): JsonObject {
  return {
    id,
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    container: null,
    diagnostics: null,
    usage: encodeMessageUsage(undefined),
  };
}

function encodePart(part: AnswerPart): JsonObject | undefined {
  const own = !('origin' in part) || part.origin === 'anthropic-messages';
  switch (part.type) {
    case 'text':
    case 'refusal':
      return part.text === '' ? undefined : textBlock(part.text);
    case 'thinking':
      if (part.redacted !== undefined) return own ? { type: 'redacted_thinking', data: part.redacted } : undefined;
      // Without a signature of its own the block is recognised, and left out, when the client sends it back.
      return thinkingBlock(part.text, own ? (part.signature ?? '') : '');
    case 'tool_call':
      return toolUseBlock(part.id, part.name, inputOf(part.args_json));
    case 'opaque':
      return own ? part.raw : undefined;
  }
}

export function textBlock(value: string): JsonObject {
  return { type: 'text', text: value, citations: null };
}

export function thinkingBlock(thinking: string, signature: string): JsonObject {
  return { type: 'thinking', thinking, signature };
}

export function toolUseBlock(id: string, name: string, input: JsonObject): JsonObject {
  return { type: 'tool_use', id: toolUseId(id), name, input, caller: { type: 'direct' } };
}
