import { AtpError, isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import type { ResponseEncodeContext } from '../dialect.ts';
import { lossesOf } from '../losses.ts';
import type { Choice, FinishReason, GenResponse } from '../model.ts';
import { optional } from '../read.ts';
import { decodeFailure } from './errors.ts';
import { annotationsOf, CARRIER, opaqueItem, shifted } from './generated.ts';
import { usesOfOutput } from './hosted-uses.ts';
import { itemId, responseId } from './ids.ts';
import { joinTexts } from './items-decode.ts';
import {
  callItem,
  type ItemStatus,
  logprobEntries,
  messageItem,
  outputText,
  type ResourceState,
  reasoningItem,
  responseResource,
} from './resource.ts';
import { decodeUsage, encodeUsage } from './usage.ts';

type OutPart = Choice['parts'][number];

/** How an answer that ended counts: `status` and `incomplete_details` of the Response, and whether it called tools. */
export function decodeFinish(response: JsonObject, called_tools: boolean): FinishReason {
  if (response['status'] === 'incomplete') {
    const details = response['incomplete_details'];
    const reason = isJsonObject(details) ? details['reason'] : undefined;
    if (reason === 'content_filter') return 'content_filter';
    return reason === 'max_output_tokens' ? 'length' : 'stop';
  }
  return called_tools ? 'tool_calls' : 'stop';
}

export function encodeFinish(finish: FinishReason): Pick<ResourceState, 'status' | 'incomplete' | 'error'> {
  if (finish === 'length') return { status: 'incomplete', incomplete: 'max_output_tokens' };
  if (finish === 'content_filter') return { status: 'incomplete', incomplete: 'content_filter' };
  if (finish === 'error') {
    return { status: 'failed', error: { code: 'server_error', message: 'The model ended with an error.' } };
  }
  return { status: 'completed' };
}

/** A whole Response → internal model. */
export function decodeResponse(body: JsonObject): GenResponse {
  const status = body['status'];
  const usage = decodeUsage(body['usage']);
  const head = {
    id: typeof body['id'] === 'string' ? body['id'] : '',
    model: typeof body['model'] === 'string' ? body['model'] : '',
    created_s: typeof body['created_at'] === 'number' ? body['created_at'] : 0,
    ...(usage === undefined ? {} : { usage }),
  };
  // As the event of the same name in a stream: its code says whose fault it is.
  if (status === 'failed') return { ...head, choices: [], error: decodeFailure(body['error']) };
  const output = body['output'];
  if (!Array.isArray(output) || status === 'cancelled' || status === 'queued' || status === 'in_progress') {
    throw new AtpError('upstream_error', 'The provider answered without a finished "output".', { origin: 'remote' });
  }
  const hosted_uses = usesOfOutput(output);
  return {
    ...head,
    choices: [decodeChoice(body, (output as readonly JsonValue[]).filter(isJsonObject))],
    ...(hosted_uses === undefined ? {} : { hosted_uses }),
  };
}

function decodeChoice(body: JsonObject, output: readonly JsonObject[]): Choice {
  const parts: OutPart[] = [];
  const logprobs: JsonValue[] = [];
  for (const it of output) {
    if (it['type'] === 'message') decodeMessage(it, parts, logprobs);
    else if (it['type'] === 'reasoning') decodeReasoning(it, parts);
    else if (it['type'] === 'function_call') {
      parts.push({
        type: 'tool_call',
        id: typeof it['call_id'] === 'string' ? it['call_id'] : '',
        name: typeof it['name'] === 'string' ? it['name'] : '',
        args_json: typeof it['arguments'] === 'string' ? it['arguments'] : '{}',
      });
    } else parts.push({ type: 'opaque', origin: 'openai-responses', raw: it });
  }
  return {
    parts,
    finish: decodeFinish(
      body,
      parts.some((p) => p.type === 'tool_call'),
    ),
    ...(logprobs.length === 0 ? {} : { logprobs: { content: logprobs, refusal: null } }),
  };
}

function decodeMessage(it: JsonObject, parts: OutPart[], logprobs: JsonValue[]): void {
  if (!Array.isArray(it['content'])) return;
  for (const part of (it['content'] as readonly JsonValue[]).filter(isJsonObject)) {
    if (typeof part['refusal'] === 'string') parts.push({ type: 'refusal', text: part['refusal'] });
    else if (typeof part['text'] === 'string') {
      const before = textChars(parts);
      const annotations = annotationsOf(part).map((one) => shifted(one, before));
      parts.push({ type: 'text', text: part['text'], ...(annotations.length === 0 ? {} : { annotations }) });
    }
    if (Array.isArray(part['logprobs'])) logprobs.push(...(part['logprobs'] as readonly JsonValue[]));
  }
}

function textChars(parts: readonly OutPart[]): number {
  return parts.reduce((sum, part) => (part.type === 'text' ? sum + part.text.length : sum), 0);
}

/** The summary is for people, the encrypted content for the next turn: two parts, as a stream of it would give. */
function decodeReasoning(it: JsonObject, parts: OutPart[]): void {
  const raw = Array.isArray(it['content']) ? (it['content'] as readonly JsonValue[]) : [];
  const summary = Array.isArray(it['summary']) ? (it['summary'] as readonly JsonValue[]) : [];
  const text = joinTexts(raw.length > 0 ? raw : summary);
  const encrypted = it['encrypted_content'];
  if (text !== '') parts.push({ type: 'thinking', text, origin: 'openai-responses' });
  if (typeof encrypted === 'string' && encrypted !== '') {
    parts.push({ type: 'thinking', text: '', redacted: encrypted, origin: 'openai-responses' });
  }
}

/** Internal model → a whole Response. The shape has one answer: further choices cannot arise, `n` is refused. */
export function encodeResponse(response: GenResponse, ctx: ResponseEncodeContext): JsonObject {
  lossesOf(response, CARRIER).refuseEmpty();
  const choice = response.choices[0];
  const state = encodeFinish(choice?.finish ?? 'stop');
  const output = new OutputWriter(responseId(ctx.id), state.status, logprobEntries(choice?.logprobs));
  return responseResource(ctx, {
    ...state,
    created_s: response.created_s,
    output: output.write(choice?.parts ?? []),
    ...(response.usage === undefined ? {} : { usage: encodeUsage(response.usage) }),
  });
}

/** Parts → output items. What a limit cut is the last item; all before it are complete. */
class OutputWriter {
  readonly #id: string;
  readonly #status: ResourceState['status'];
  readonly #out: JsonObject[] = [];
  #content: JsonObject[] = [];
  #logprobs: readonly JsonValue[];
  #chars = 0;

  constructor(id: string, status: ResourceState['status'], logprobs: readonly JsonValue[]) {
    this.#id = id;
    this.#status = status;
    this.#logprobs = logprobs;
  }

  write(parts: Choice['parts']): JsonObject[] {
    const joined = joinReasoning(parts);
    joined.forEach((part, i) => {
      this.#add(part, this.#statusAt(i === joined.length - 1));
    });
    this.#flush(this.#statusAt(true));
    return this.#out;
  }

  #statusAt(last: boolean): ItemStatus {
    return last && this.#status === 'incomplete' ? 'incomplete' : 'completed';
  }

  #flush(status: ItemStatus): void {
    if (this.#content.length > 0) this.#out.push(messageItem(this.#next('message'), status, this.#content));
    this.#content = [];
  }

  #next(kind: 'message' | 'function_call' | 'reasoning'): string {
    return itemId(kind, this.#id, this.#out.length);
  }

  #add(part: OutPart, status: ItemStatus): void {
    if (part.type === 'text') {
      const annotations = (part.annotations ?? []).map((one) => shifted(one, -this.#chars));
      this.#content.push({ ...outputText(part.text, this.#logprobs), annotations });
      this.#chars += part.text.length;
      this.#logprobs = [];
      return;
    }
    if (part.type === 'refusal') {
      this.#content.push({ type: 'refusal', refusal: part.text });
      return;
    }
    this.#flush('completed');
    if (part.type === 'opaque') {
      const item = opaqueItem(part, this.#id, this.#out.length);
      if (item !== undefined) this.#out.push(item);
    } else if (part.type === 'tool_call') {
      const call = { call_id: part.id, name: part.name, args: part.args_json };
      this.#out.push(callItem(this.#next('function_call'), status, call));
    } else this.#out.push(reasoningItem(this.#next('reasoning'), part.text, part.redacted));
  }
}

/**
 * A summary and the encrypted content behind it are one item. What other shapes encrypted is left out: no provider of
 * this shape could read it when the client sends it back.
 */
function joinReasoning(parts: Choice['parts']): OutPart[] {
  const out: OutPart[] = [];
  for (const part of parts) {
    if (part.type !== 'thinking') {
      out.push(part);
      continue;
    }
    const own = part.origin === 'openai-responses' ? part.redacted : undefined;
    const last = out[out.length - 1];
    if (own !== undefined && part.text === '' && last?.type === 'thinking' && last.redacted === undefined) {
      out[out.length - 1] = { ...last, redacted: own };
    } else if (own !== undefined || part.text !== '') {
      out.push({ type: 'thinking', text: part.text, origin: part.origin, ...optional('redacted', own) });
    }
  }
  return out;
}
