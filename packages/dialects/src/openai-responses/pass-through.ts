import { isJsonObject, type JsonObject, type JsonValue, type Usage } from '@atp-router/kernel';
import type { AtpField, EncodedRequest, Frame, PassThrough, RequestPatch } from '../dialect.ts';
import { earlyEnd } from './early-end.ts';
import { parseToRewrite } from '../exact-json.ts';
import { atLeast } from './output-limit.ts';
import { isOwnReasoningId, isUsableReasoning } from './ids.ts';
import { encodeUsage } from './usage.ts';

export const passThrough: PassThrough = {
  earlyEnd,
  /** Besides the patch: nothing is stored, and reasoning that only a store could resolve is left out. */
  patchRequest(body: JsonObject, patch: RequestPatch): EncodedRequest {
    const out: Record<string, JsonValue | undefined> = { ...body, model: patch.model, store: false };
    let lost = false;
    if (Array.isArray(body['input'])) {
      const input = body['input'] as readonly JsonValue[];
      lost = input.some(isLost);
      out['input'] = patchInput(input);
    }
    if (patch.max_output_tokens !== undefined) out['max_output_tokens'] = atLeast(patch.max_output_tokens);
    if (patch.system_prompt !== undefined) {
      const said = body['instructions'];
      out['instructions'] = typeof said === 'string' ? `${patch.system_prompt}\n\n${said}` : patch.system_prompt;
    }
    return { body: out, ignored: lost ? ['thinking_in_answer'] : [] };
  },

  annotateFrame(frame: Frame, atp: AtpField, counted?: Usage): string {
    const event = parseToRewrite(frame.data);
    const response = isJsonObject(event['response']) ? event['response'] : {};
    const type = typeof event['type'] === 'string' ? event['type'] : frame.event;
    const line = type === '' ? '' : `event: ${type}\n`;
    const told = counted === undefined ? response : { ...response, usage: encodeUsage(counted) };
    return `${line}data: ${JSON.stringify({ ...event, response: { ...told, atp } })}\n\n`;
  },

  tellUsage(body: JsonObject, usage: Usage): JsonObject {
    return { ...body, usage: encodeUsage(usage) };
  },
};

function patchInput(input: readonly JsonValue[]): readonly JsonValue[] {
  if (!input.some(needsPatch)) return input;
  return input
    .filter((item) => !isLost(item))
    .map((item) => {
      if (!isJsonObject(item) || item['type'] !== 'reasoning' || !isOwnReasoningId(item['id'])) return item;
      const { id: _own, ...rest } = item;
      return rest;
    });
}

function needsPatch(item: JsonValue): boolean {
  return isLost(item) || (isJsonObject(item) && item['type'] === 'reasoning' && isOwnReasoningId(item['id']));
}

/** Reasoning whose content is not there. */
function isLost(item: JsonValue): boolean {
  return isJsonObject(item) && item['type'] === 'reasoning' && !isUsableReasoning(item);
}
