import { type HostedUses, isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import type { FinishReason } from '../model.ts';

/** What one part of a candidate's content says. */
export type DecodedPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'thinking'; readonly text: string; readonly signature?: string }
  | { readonly type: 'opaque'; readonly raw: JsonObject }
  | {
      readonly type: 'tool_call';
      readonly id?: string;
      readonly name: string;
      readonly args_json: string;
      readonly signature?: string;
    };

export function decodeParts(candidate: JsonObject): readonly DecodedPart[] {
  const content = candidate['content'];
  const parts = isJsonObject(content) ? content['parts'] : undefined;
  if (!Array.isArray(parts)) return [];
  return (parts as readonly JsonValue[]).filter(isJsonObject).flatMap(decodePart);
}

function decodePart(part: JsonObject): readonly DecodedPart[] {
  const signature = part['thoughtSignature'];
  const signed = typeof signature === 'string' && signature !== '' ? { signature } : undefined;
  const call = part['functionCall'];
  if (isJsonObject(call)) return [decodeCall(call, signed)];
  const text = part['text'];
  // Generated media, code and its results, traces of hosted tools, and signatures on no text at all.
  if (typeof text !== 'string') return [{ type: 'opaque', raw: part }];
  if (text === '') return signed === undefined ? [] : [{ type: 'opaque', raw: part }];
  if (part['thought'] === true) return [{ type: 'thinking', text, ...signed }];
  if (signed === undefined) return [{ type: 'text', text }];
  // Text has no place for a signature; Gemini takes it back from an empty part that follows.
  return [
    { type: 'text', text },
    { type: 'opaque', raw: { text: '', thoughtSignature: signed.signature } },
  ];
}

function decodeCall(call: JsonObject, signed: { signature: string } | undefined): DecodedPart {
  const id = call['id'];
  return {
    type: 'tool_call',
    ...(typeof id === 'string' && id !== '' ? { id } : {}),
    name: typeof call['name'] === 'string' ? call['name'] : '',
    args_json: JSON.stringify(isJsonObject(call['args']) ? call['args'] : {}),
    ...signed,
  };
}

const FINISH: Readonly<Record<string, FinishReason>> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  CONTINUATION: 'length',
  SAFETY: 'content_filter',
  RECITATION: 'content_filter',
  BLOCKLIST: 'content_filter',
  PROHIBITED_CONTENT: 'content_filter',
  SPII: 'content_filter',
  IMAGE_SAFETY: 'content_filter',
  IMAGE_PROHIBITED_CONTENT: 'content_filter',
  IMAGE_RECITATION: 'content_filter',
};

/** A reason that is not known is never passed off as a normal end (OTHER, LANGUAGE, MALFORMED_FUNCTION_CALL, …). */
export function decodeFinish(reason: string, has_calls: boolean): FinishReason {
  const finish = FINISH[reason] ?? 'error';
  return finish === 'stop' && has_calls ? 'tool_calls' : finish;
}

/** The text to show for a prompt that was refused before any candidate was made; undefined when it was not. */
export function blockedText(body: JsonObject): string | undefined {
  const feedback = body['promptFeedback'];
  const reason = isJsonObject(feedback) ? feedback['blockReason'] : undefined;
  if (!isJsonObject(feedback) || typeof reason !== 'string') return undefined;
  const message = feedback['blockReasonMessage'];
  return typeof message === 'string' && message !== '' ? message : `The provider blocked the prompt (${reason}).`;
}

export function candidatesOf(body: JsonObject): readonly JsonObject[] {
  const candidates = body['candidates'];
  return Array.isArray(candidates) ? (candidates as readonly JsonValue[]).filter(isJsonObject) : [];
}

/** Grounding is billed for the prompt, however many searches or candidates it took. */
export function groundingUses(candidates: readonly JsonObject[]): HostedUses | undefined {
  return candidates.some(isGrounded) ? { google_search: 1 } : undefined;
}

function isGrounded(candidate: JsonObject): boolean {
  const grounding = candidate['groundingMetadata'];
  const queries = isJsonObject(grounding) ? grounding['webSearchQueries'] : undefined;
  return Array.isArray(queries) && queries.length > 0;
}

export function indexOf(candidate: JsonObject, position: number): number {
  const index = candidate['index'];
  return typeof index === 'number' && Number.isSafeInteger(index) && index >= 0 ? index : position;
}

export function textOf(body: JsonObject, key: string): string {
  const value = body[key];
  return typeof value === 'string' ? value : '';
}

/** `createTime` (RFC 3339) in seconds; 0 where the API does not send it. */
export function createdOf(body: JsonObject): number {
  const at_ms = Date.parse(textOf(body, 'createTime'));
  return Number.isNaN(at_ms) ? 0 : Math.floor(at_ms / 1_000);
}
