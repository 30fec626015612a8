import type { GenRequest } from './model.ts';

/** OpenAI and Anthropic accept letters, digits, `_` and `-`, and at most 40 or 64 of them. */
const SALT_CHARS_MAX = 24;

/**
 * An id for a tool call of a shape that has none. Deterministic, and unique within a conversation as long as `salt`
 * differs between answers (a response id, a time stamp).
 */
export function toolCallId(salt: string, choice: number, index: number): string {
  const safe = salt.replace(/[^A-Za-z0-9_-]/g, '').slice(-SALT_CHARS_MAX);
  return `call_${safe === '' ? '' : `${safe}_`}${choice}_${index}`;
}

/** Call id → function name for all calls of a conversation: for shapes that name the function in its result. */
export function callNames(request: GenRequest): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const message of request.messages) {
    for (const part of message.parts) if (part.type === 'tool_call') names.set(part.id, part.name);
  }
  return names;
}
