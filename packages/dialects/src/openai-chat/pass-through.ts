import { type JsonObject, type JsonValue, isJsonObject } from '@atp-router/kernel';
import type { AtpField, Frame, PassThrough, RequestPatch } from '../dialect.ts';
import { parseData } from '../frame-data.ts';
import { withoutOwnSignatures } from './thought-signature.ts';

export const passThrough: PassThrough = {
  usage_frame_is_optional: true,

  patchRequest(body: JsonObject, patch: RequestPatch): JsonObject {
    const out: Record<string, JsonValue | undefined> = { ...body, model: patch.model };
    if (patch.max_output_tokens !== undefined) {
      // Old models and compatible servers know only max_tokens, new OpenAI models only max_completion_tokens.
      const field = typeof body['max_tokens'] === 'number' ? 'max_tokens' : 'max_completion_tokens';
      const asked = body[field];
      const cap = patch.max_output_tokens;
      out[field] = typeof asked === 'number' ? Math.min(asked, cap) : cap;
    }
    if (patch.include_usage) {
      const options = isJsonObject(body['stream_options']) ? body['stream_options'] : {};
      out['stream_options'] = { ...options, include_usage: true };
    }
    if (Array.isArray(body['messages'])) {
      const messages = withoutOwnSignatures(body['messages'] as readonly JsonValue[]);
      out['messages'] =
        patch.system_prompt === undefined ? messages : [{ role: 'system', content: patch.system_prompt }, ...messages];
    }
    return out;
  },

  annotateFrame(frame: Frame, atp: AtpField): string {
    return `data: ${JSON.stringify({ ...parseData(frame.data), atp })}\n\n`;
  },

  annotateResponse(body: JsonObject, atp: AtpField): JsonObject {
    return { ...body, atp: atp as unknown as JsonObject };
  },
};
