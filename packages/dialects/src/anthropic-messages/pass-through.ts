import { isJsonObject, type JsonObject, type JsonValue, type Usage } from '@atp-router/kernel';
import type { AtpField, EncodedRequest, Frame, PassThrough, RequestPatch } from '../dialect.ts';
import { earlyEnd } from './early-end.ts';
import { parseToRewrite } from '../exact-json.ts';
import { fitBudget } from './thinking.ts';
import { encodeMessageUsage, encodeUsage } from './usage.ts';

type Fields = Record<string, JsonValue | undefined>;

export const passThrough: PassThrough = {
  earlyEnd,
  end_mark: `event: message_stop\ndata: ${JSON.stringify({ type: 'message_stop' })}\n\n`,

  patchRequest(body: JsonObject, patch: RequestPatch): EncodedRequest {
    const out: Fields = { ...body, model: patch.model };
    if (patch.max_output_tokens !== undefined) capOutput(body, out, patch.max_output_tokens);
    if (patch.system_prompt !== undefined) out['system'] = prependSystem(body['system'], patch.system_prompt);
    return { body: out, ignored: stripUnsigned(body, out) ? ['thinking_in_answer'] : [] };
  },

  annotateFrame(frame: Frame, atp: AtpField, counted?: Usage): string {
    const said = parseToRewrite(frame.data);
    const usage = counted === undefined ? said['usage'] : { ...encodeUsage(counted), ...searches(said['usage']) };
    return `event: message_delta\ndata: ${JSON.stringify({ ...said, usage, atp })}\n\n`;
  },

  tellUsage(body: JsonObject, usage: Usage): JsonObject {
    return { ...body, usage: { ...encodeMessageUsage(usage), ...searches(body['usage']) } };
  },
};

/** What the provider charges for besides tokens; nobody here counts it. */
function searches(usage: JsonValue | undefined): JsonObject {
  return isJsonObject(usage) && isJsonObject(usage['server_tool_use'])
    ? { server_tool_use: usage['server_tool_use'] }
    : {};
}

/** The provider refuses a thinking budget that is not below `max_tokens`, so a lower cap lowers it too. */
function capOutput(body: JsonObject, out: Fields, cap: number): void {
  const asked = body['max_tokens'];
  const max_tokens = typeof asked === 'number' ? Math.min(asked, cap) : cap;
  out['max_tokens'] = max_tokens;
  const thinking = body['thinking'];
  if (!isJsonObject(thinking) || typeof thinking['budget_tokens'] !== 'number') return;
  const budget_tokens = fitBudget(thinking['budget_tokens'], max_tokens);
  out['thinking'] = budget_tokens === undefined ? { type: 'disabled' } : { ...thinking, budget_tokens };
}

function prependSystem(system: JsonValue | undefined, prompt: string): JsonValue {
  if (typeof system === 'string' && system !== '') return `${prompt}\n\n${system}`;
  if (Array.isArray(system)) return [{ type: 'text', text: prompt }, ...(system as readonly JsonValue[])];
  return prompt;
}

/**
 * Thinking that another provider wrote on an earlier turn came to the client without a signature. This provider would
 * refuse the whole request for it. Everything else is left as it came.
 */
function stripUnsigned(body: JsonObject, out: Fields): boolean {
  const messages = body['messages'];
  if (!Array.isArray(messages) || !messages.some(hasUnsigned)) return false;
  const kept: JsonValue[] = [];
  for (const message of messages as readonly JsonValue[]) {
    if (!hasUnsigned(message)) {
      kept.push(message);
      continue;
    }
    const content = (message['content'] as readonly JsonValue[]).filter((block) => !isUnsigned(block));
    if (content.length > 0) kept.push({ ...message, content });
  }
  out['messages'] = kept;
  if (isJsonObject(out['thinking']) && out['thinking']['type'] === 'enabled' && answersBareCall(kept)) {
    out['thinking'] = { type: 'disabled' };
  }
  return true;
}

function hasUnsigned(message: unknown): message is JsonObject {
  return isJsonObject(message) && Array.isArray(message['content']) && message['content'].some(isUnsigned);
}

function isUnsigned(block: unknown): boolean {
  return isJsonObject(block) && block['type'] === 'thinking' && (block['signature'] ?? '') === '';
}

/** With a thinking budget, a turn whose calls are being answered has to begin with its thinking. */
function answersBareCall(messages: readonly JsonValue[]): boolean {
  const turn = messages.at(-2);
  const first = isJsonObject(turn) && Array.isArray(turn['content']) ? (turn['content'][0] as JsonValue) : undefined;
  const is_bare = isJsonObject(first) && first['type'] !== 'thinking' && first['type'] !== 'redacted_thinking';
  const last = messages.at(-1);
  const results = isJsonObject(last) && Array.isArray(last['content']) ? (last['content'] as readonly JsonValue[]) : [];
  return is_bare && results.some((block) => isJsonObject(block) && block['type'] === 'tool_result');
}
