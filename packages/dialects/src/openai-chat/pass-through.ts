import { type JsonObject, type JsonValue, isJsonObject, type Usage } from '@atp-router/kernel';
import type { AtpField, EncodedRequest, Frame, PassThrough, RequestPatch } from '../dialect.ts';
import { OPENAI_TRAITS } from '../endpoint-traits.ts';
import { earlyEnd } from './early-end.ts';
import { parseToRewrite } from '../exact-json.ts';
import { parseData } from '../frame-data.ts';
import { withoutReasoning } from './past-reasoning.ts';
import { withoutOwnSignatures } from './thought-signature.ts';
import { encodeUsage } from './usage.ts';

type Fields = Record<string, JsonValue | undefined>;

export const passThrough: PassThrough = {
  earlyEnd,
  end_mark: 'data: [DONE]\n\n',

  usage_frame: {
    make(finish: Frame, usage: Usage): string {
      const { id, object, created, model } = parseData(finish.data);
      return `data: ${JSON.stringify({ id, object, created, model, choices: [], usage: encodeUsage(usage) })}\n\n`;
    },
    isEmpty(frame: Frame): boolean {
      if (!frame.data.includes('"usage"')) return false;
      const { choices, usage } = parseData(frame.data);
      return usage !== undefined && Array.isArray(choices) && choices.length === 0;
    },
  },

  patchRequest(body: JsonObject, patch: RequestPatch): EncodedRequest {
    const endpoint = patch.endpoint ?? OPENAI_TRAITS;
    const out: Fields = { ...body, model: patch.model };
    if (patch.max_output_tokens !== undefined) capOutput(body, out, patch.max_output_tokens, endpoint.max_tokens_field);
    if (patch.include_usage) {
      const options = isJsonObject(body['stream_options']) ? body['stream_options'] : {};
      out['stream_options'] = { ...options, include_usage: true };
    }
    if (!Array.isArray(body['messages'])) return { body: out, ignored: [] };
    const told = body['messages'] as readonly JsonValue[];
    const reasoned = withoutReasoning(told, endpoint.is_openai);
    const messages = withoutOwnSignatures(reasoned);
    out['messages'] =
      patch.system_prompt === undefined ? messages : [{ role: 'system', content: patch.system_prompt }, ...messages];
    return { body: out, ignored: reasoned === told ? [] : ['thinking_in_answer'] };
  },

  /** Usage has a frame of its own; some servers tell it with the finish too. */
  annotateFrame(frame: Frame, atp: AtpField, counted?: Usage): string {
    const said = parseToRewrite(frame.data);
    const is_told = counted !== undefined && isJsonObject(said['usage']);
    return `data: ${JSON.stringify({ ...said, ...(is_told ? { usage: encodeUsage(counted) } : {}), atp })}\n\n`;
  },

  tellUsage(body: JsonObject, usage: Usage): JsonObject {
    return { ...body, usage: encodeUsage(usage) };
  },
};

/**
 * Caps each field that the client sent: a provider may obey either. It is also said in the field that the endpoint
 * obeys, in place of the newer one, which many compatible servers do not know.
 */
function capOutput(body: JsonObject, out: Fields, cap: number, field: 'max_tokens' | 'max_completion_tokens'): void {
  const { max_tokens, max_completion_tokens } = body;
  if (typeof max_tokens === 'number') out['max_tokens'] = Math.min(max_tokens, cap);
  if (typeof max_completion_tokens === 'number') out['max_completion_tokens'] = Math.min(max_completion_tokens, cap);
  if (typeof max_tokens === 'number') return;
  if (typeof max_completion_tokens !== 'number') out[field] = cap;
  else if (field === 'max_tokens') {
    out['max_tokens'] = Math.min(max_completion_tokens, cap);
    delete out['max_completion_tokens'];
  }
}
