import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import type { Message, Part } from '../model.ts';
import { hasOwnSignature } from './thought-signature.ts';

/**
 * Reasoning in earlier turns of the assistant. The shape says nowhere who wrote it, so it goes back only where its reader
 * needs it: compatible servers with thinking models refuse a history of tool calls without it (DeepSeek API, "Thinking
 * mode", tool calls), in every later request too. All that lies between two turns of the user is one round; rounds
 * without tool calls need none (ibid.), OpenAI's own service takes none at all, and calls whose ids or signatures show
 * that Anthropic or Gemini made them come with reasoning that is neither's business here.
 */
const FIELDS: readonly string[] = ['reasoning_content', 'reasoning'];
/** Typed and signed by the aggregator that made it (OpenRouter), which tells its own from others'. */
const SIGNED_FIELD = 'reasoning_details';

type Turn = 'user' | 'calls' | 'other';

/** For each turn, whether its round called a tool. */
function toolRounds(turns: readonly Turn[]): readonly boolean[] {
  const out: boolean[] = [];
  let start = 0;
  let called = false;
  const close = (end: number): void => {
    for (; start < end; start += 1) out.push(called);
    called = false;
  };
  turns.forEach((turn, i) => {
    if (turn === 'user') close(i);
    else if (turn === 'calls') called = true;
  });
  close(turns.length);
  return out;
}

/** Indexes of the messages whose reasoning a compatible server may need. */
export function reasoningNeeded(messages: readonly Message[]): ReadonlySet<number> {
  const rounds = toolRounds(messages.map(turnOf));
  return needed(rounds, (i) => messages[i]?.parts.some(isForeignCall) === true);
}

function turnOf(message: Message): Turn {
  if (message.parts.some((part) => part.type === 'tool_call')) return 'calls';
  return message.role === 'user' && message.parts.some((part) => part.type !== 'tool_result') ? 'user' : 'other';
}

function isForeignCall(part: Part): boolean {
  return part.type === 'tool_call' && (part.id.startsWith(ANTHROPIC_CALL) || part.signature !== undefined);
}

const ANTHROPIC_CALL = 'toolu_';

/** A turn at the end is no earlier turn: the model is to go on with it. */
function needed(rounds: readonly boolean[], isForeign: (i: number) => boolean): ReadonlySet<number> {
  const last = rounds.length - 1;
  return new Set(rounds.flatMap((called, i) => ((called || i === last) && !isForeign(i) ? [i] : [])));
}

/** The same messages without reasoning that does not go back; the very same list when there is none. */
export function withoutReasoning(messages: readonly JsonValue[], is_openai: boolean): readonly JsonValue[] {
  const fields = is_openai ? [...FIELDS, SIGNED_FIELD] : FIELDS;
  if (!messages.some((message) => hasOne(message, fields))) return messages;
  const keep = is_openai
    ? new Set<number>()
    : needed(toolRounds(messages.map(turnOfRaw)), (i) => callsOf(messages[i]).some(isForeignRaw));
  const kept: JsonValue[] = [];
  let dropped = false;
  messages.forEach((message, i) => {
    if (keep.has(i) || !hasOne(message, fields)) {
      kept.push(message);
      return;
    }
    dropped = true;
    const rest: JsonObject = Object.fromEntries(Object.entries(message).filter(([key]) => !fields.includes(key)));
    // A turn of reasoning alone would be refused for its lack of content.
    if (callsOf(message).length > 0 || (rest['content'] ?? '') !== '') kept.push(rest);
  });
  return dropped ? kept : messages;
}

function hasOne(message: JsonValue, fields: readonly string[]): message is JsonObject {
  if (!isJsonObject(message) || message['role'] !== 'assistant') return false;
  return fields.some((field) => message[field] !== undefined && message[field] !== null);
}

function turnOfRaw(message: JsonValue): Turn {
  if (callsOf(message).length > 0) return 'calls';
  return isJsonObject(message) && message['role'] === 'user' ? 'user' : 'other';
}

function callsOf(message: JsonValue | undefined): readonly JsonValue[] {
  const calls = isJsonObject(message) ? message['tool_calls'] : undefined;
  return Array.isArray(calls) ? (calls as readonly JsonValue[]) : [];
}

function isForeignRaw(call: JsonValue): boolean {
  if (!isJsonObject(call)) return false;
  const id = call['id'];
  return (typeof id === 'string' && id.startsWith(ANTHROPIC_CALL)) || hasOwnSignature(call);
}
