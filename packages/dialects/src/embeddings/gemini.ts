import type { JsonObject } from '@atp-router/kernel';
import { decodeError } from '../gemini/errors.ts';
import { FEATURES_GEMINI } from '../gemini/features.ts';
import { Translation } from '../translation.ts';
import type { EmbedCodec, EmbedEncodeContext, EmbedRequest, EmbedResponse } from './model.ts';
import { checkCount, ignoreHints, listOf, numbers, object, promptUsage, textsOf } from './vectors.ts';

/** "at most 100 requests can be in one batch", as the service itself says. */
const GEMINI_INPUTS_MAX = 100;

/** `POST /v1beta/models/*:batchEmbedContents` (Gemini API reference). Each text is a content of its own: one vector each. */
export const geminiEmbed: EmbedCodec = {
  id: 'gemini',
  inputs_max: GEMINI_INPUTS_MAX,

  encodeRequest(request: EmbedRequest, ctx: EmbedEncodeContext) {
    const t = new Translation('gemini', FEATURES_GEMINI, { ...ctx, stream: false, default_max_output_tokens: 0 });
    checkCount(request, 'Gemini', GEMINI_INPUTS_MAX);
    ignoreHints(request, t);
    const model = ctx.upstream_model.includes('/') ? ctx.upstream_model : `models/${ctx.upstream_model}`;
    const requests = textsOf(request, 'Gemini').map((text) => ({
      model,
      content: { parts: [{ text }] },
      ...(request.dimensions === undefined ? {} : { outputDimensionality: request.dimensions }),
    }));
    return { body: { requests }, ignored: t.ignored };
  },

  /** Older models report no usage. */
  decodeResponse(body: JsonObject, inputs: number): EmbedResponse {
    return {
      model: '',
      vectors: listOf(body['embeddings'], inputs).map((entry) => numbers(object(entry)['values'])),
      ...promptUsage(object(body['usageMetadata'])['promptTokenCount']),
    };
  },

  decodeError,
};
