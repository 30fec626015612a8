import type { JsonObject } from '@atp-router/kernel';
import { decodeError } from '../ollama/errors.ts';
import { FEATURES_OLLAMA } from '../ollama/features.ts';
import { Translation } from '../translation.ts';
import type { EmbedCodec, EmbedEncodeContext, EmbedRequest, EmbedResponse } from './model.ts';
import { OPENAI_INPUTS_MAX } from './openai.ts';
import { checkCount, ignoreHints, listOf, numbers, promptUsage, textsOf } from './vectors.ts';

/** `POST /api/embed` (Ollama API). It names no maximum of inputs; the one of the OpenAI shape bounds it. */
export const ollamaEmbed: EmbedCodec = {
  id: 'ollama',
  inputs_max: OPENAI_INPUTS_MAX,

  encodeRequest(request: EmbedRequest, ctx: EmbedEncodeContext) {
    const t = new Translation('ollama', FEATURES_OLLAMA, { ...ctx, stream: false, default_max_output_tokens: 0 });
    checkCount(request, 'Ollama', OPENAI_INPUTS_MAX);
    ignoreHints(request, t);
    return {
      body: {
        model: ctx.upstream_model,
        input: textsOf(request, 'Ollama'),
        // Its default is to cut a long text silently; the OpenAI shape promises an error.
        truncate: false,
        ...(request.dimensions === undefined ? {} : { dimensions: request.dimensions }),
      },
      ignored: t.ignored,
    };
  },

  decodeResponse(body: JsonObject, inputs: number): EmbedResponse {
    return {
      model: typeof body['model'] === 'string' ? body['model'] : '',
      vectors: listOf(body['embeddings'], inputs).map(numbers),
      ...promptUsage(body['prompt_eval_count']),
    };
  },

  decodeError,
};
