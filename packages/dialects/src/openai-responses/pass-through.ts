import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import type { AtpField, Frame, PassThrough, RequestPatch } from '../dialect.ts';
import { parseData } from '../frame-data.ts';
import { isOwnReasoningId, isUsableReasoning } from './ids.ts';

export const passThrough: PassThrough = {
  usage_frame_is_optional: false,

  /** Besides the patch: nothing is stored, and reasoning that only a store could resolve is left out. */
  patchRequest(body: JsonObject, patch: RequestPatch): JsonObject {
    const out: Record<string, JsonValue | undefined> = { ...body, model: patch.model, store: false };
    if (Array.isArray(body['input'])) out['input'] = patchInput(body['input'] as readonly JsonValue[]);
    if (patch.max_output_tokens !== undefined) out['max_output_tokens'] = patch.max_output_tokens;
    if (patch.system_prompt !== undefined) {
      const said = body['instructions'];
      out['instructions'] = typeof said === 'string' ? `${patch.system_prompt}\n\n${said}` : patch.system_prompt;
    }
    return out;
  },

  annotateFrame(frame: Frame, atp: AtpField): string {
    const event = parseData(frame.data);
    const response = isJsonObject(event['response']) ? event['response'] : {};
    const type = typeof event['type'] === 'string' ? event['type'] : frame.event;
    const line = type === '' ? '' : `event: ${type}\n`;
    return `${line}data: ${JSON.stringify({ ...event, response: { ...response, atp } })}\n\n`;
  },

  annotateResponse(body: JsonObject, atp: AtpField): JsonObject {
    return { ...body, atp: atp as unknown as JsonObject };
  },
};

function patchInput(input: readonly JsonValue[]): readonly JsonValue[] {
  if (!input.some(needsPatch)) return input;
  return input
    .filter((item) => !isJsonObject(item) || item['type'] !== 'reasoning' || isUsableReasoning(item))
    .map((item) => {
      if (!isJsonObject(item) || item['type'] !== 'reasoning' || !isOwnReasoningId(item['id'])) return item;
      const { id: _own, ...rest } = item;
      return rest;
    });
}

function needsPatch(item: JsonValue): boolean {
  return (
    isJsonObject(item) && item['type'] === 'reasoning' && (isOwnReasoningId(item['id']) || !isUsableReasoning(item))
  );
}
