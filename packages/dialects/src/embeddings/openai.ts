import { isJsonObject, type JsonObject } from '@atp-router/kernel';
import { decodeError } from '../openai-chat/errors.ts';
import type { EmbedCodec, EmbedRequest, EmbedResponse, Vector } from './model.ts';
import { checkCount, listOf, object, promptUsage, upstream, vector } from './vectors.ts';

/** Documented maximum of one request (OpenAI API reference, `input`). */
export const OPENAI_INPUTS_MAX = 2_048;

/** `POST /v1/embeddings` (OpenAI API reference). */
export const openaiEmbed: EmbedCodec = {
  id: 'openai-chat',
  inputs_max: OPENAI_INPUTS_MAX,

  encodeRequest(request: EmbedRequest, ctx) {
    checkCount(request, 'OpenAI', OPENAI_INPUTS_MAX);
    return {
      body: {
        ...request.extra,
        model: ctx.upstream_model,
        input: request.inputs,
        encoding_format: request.encoding_format,
        ...(request.dimensions === undefined ? {} : { dimensions: request.dimensions }),
        ...(request.user === undefined ? {} : { user: request.user }),
      },
      ignored: [],
    };
  },

  /** `index` tells the order; servers that leave it out answer in order. */
  decodeResponse(body: JsonObject, inputs: number): EmbedResponse {
    const vectors = new Array<Vector | undefined>(inputs).fill(undefined);
    listOf(body['data'], inputs).forEach((entry, position) => {
      const o = object(entry);
      const index = typeof o['index'] === 'number' ? o['index'] : position;
      if (!Number.isInteger(index) || index < 0 || index >= inputs || vectors[index] !== undefined) {
        throw upstream(`The provider answered with the embedding index ${index} twice or out of range.`);
      }
      vectors[index] = vector(o['embedding']);
    });
    const usage = isJsonObject(body['usage']) ? body['usage'] : {};
    return {
      model: typeof body['model'] === 'string' ? body['model'] : '',
      vectors: vectors.filter((v) => v !== undefined),
      ...promptUsage(usage['prompt_tokens']),
    };
  },

  decodeError,
};
