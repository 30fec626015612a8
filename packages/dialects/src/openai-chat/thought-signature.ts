import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';

/**
 * Gemini signs its function calls, and reasons better over a history that brings the signatures back. In this shape they
 * ride where Google's own compatible endpoint puts them, `tool_calls[].extra_content.google.thought_signature` (source:
 * Gemini API, "Thought signatures", OpenAI compatibility).
 *
 * Those that the router put there itself are marked, with a character that base64 does not have: another provider of
 * this shape refuses fields that it does not know, so they are left out there, after a fallback for example.
 */
const MARK = 'atp.';

/** The fields to add to a tool call that is shown to a client; none without a signature. */
export function signatureFields(signature: string | undefined): JsonObject {
  if (signature === undefined) return {};
  return { extra_content: { google: { thought_signature: `${MARK}${signature}` } } };
}

/** The signature of a tool call that a client sends back, whoever put it there. */
export function readSignature(call: JsonObject): string | undefined {
  const written = writtenSignature(call);
  return written?.startsWith(MARK) === true ? written.slice(MARK.length) : written;
}

/** The same messages without the signatures that the router put there; the very same list when there are none. */
export function withoutOwnSignatures(messages: readonly JsonValue[]): readonly JsonValue[] {
  if (!messages.some((message) => callsOf(message).some(hasOwnSignature))) return messages;
  return messages.map((message) => {
    const calls = callsOf(message);
    if (!isJsonObject(message) || !calls.some(hasOwnSignature)) return message;
    return { ...message, tool_calls: calls.map((call) => (hasOwnSignature(call) ? unsigned(call) : call)) };
  });
}

function callsOf(message: JsonValue): readonly JsonValue[] {
  const calls = isJsonObject(message) ? message['tool_calls'] : undefined;
  return Array.isArray(calls) ? (calls as readonly JsonValue[]) : [];
}

export function hasOwnSignature(call: JsonValue): boolean {
  return isJsonObject(call) && writtenSignature(call)?.startsWith(MARK) === true;
}

function writtenSignature(call: JsonObject): string | undefined {
  const extra = call['extra_content'];
  const google = isJsonObject(extra) ? extra['google'] : undefined;
  const signature = isJsonObject(google) ? google['thought_signature'] : undefined;
  return typeof signature === 'string' && signature !== '' ? signature : undefined;
}

function unsigned(call: JsonValue): JsonValue {
  if (!isJsonObject(call)) return call;
  const { extra_content: _, ...rest } = call;
  return rest;
}
