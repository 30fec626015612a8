import { AtpError, isJsonObject, type JsonObject, type JsonValue, type Usage, ZERO_USAGE } from '@atp-router/kernel';

/** What is asked of an embedding model, in no provider's shape. Token arrays only fit the tokenizer they were made by. */
export interface EmbedRequest {
  readonly inputs: readonly (string | readonly number[])[];
  readonly dimensions?: number;
  /** End-user id: a hint. */
  readonly user?: string;
}

export interface EmbedResponse {
  /** One for each input, in their order. */
  readonly vectors: readonly (readonly number[])[];
  /** Absent when the provider did not report it. */
  readonly usage?: Usage;
}

export interface EmbeddingsCodec {
  /** Throws `AtpError untranslatable` naming the field and the reason. */
  encode(request: EmbedRequest, upstream_model: string): JsonObject;
  /** Throws `AtpError upstream_error` when the answer is not one vector for each of the inputs. */
  decode(body: JsonObject, inputs: number): EmbedResponse;
}

function upstream(message: string): AtpError {
  return new AtpError('upstream_error', message, { origin: 'remote' });
}

function texts(request: EmbedRequest, kind: string): readonly string[] {
  return request.inputs.map((input) => {
    if (typeof input === 'string') return input;
    throw new AtpError(
      'untranslatable',
      `"input" cannot be expressed for a ${kind} provider: token numbers belong to one vendor's tokenizer. Send text.`,
      { param: 'input' },
    );
  });
}

function vector(value: JsonValue | undefined): readonly number[] {
  if (Array.isArray(value) && value.every((n) => typeof n === 'number')) return value as readonly number[];
  throw upstream('The provider answered with an embedding that is not a list of numbers.');
}

function list(value: JsonValue | undefined, inputs: number): readonly JsonValue[] {
  if (!Array.isArray(value)) throw upstream('The provider answered without embeddings.');
  if (value.length !== inputs) {
    throw upstream(`The provider answered with ${value.length} embeddings for ${inputs} inputs.`);
  }
  return value as readonly JsonValue[];
}

function promptUsage(tokens: JsonValue | undefined): { usage?: Usage } {
  return typeof tokens === 'number' && tokens >= 0 ? { usage: { ...ZERO_USAGE, in_tokens: tokens } } : {};
}

/** `POST /v1/embeddings` (OpenAI API reference). */
export const openaiEmbeddings: EmbeddingsCodec = {
  encode: (request, upstream_model) => ({
    model: upstream_model,
    input: request.inputs,
    encoding_format: 'float',
    ...(request.dimensions === undefined ? {} : { dimensions: request.dimensions }),
    ...(request.user === undefined ? {} : { user: request.user }),
  }),
  decode(body, inputs) {
    const vectors: (readonly number[])[] = [];
    list(body['data'], inputs).forEach((entry, position) => {
      const o = isJsonObject(entry) ? entry : {};
      const index = typeof o['index'] === 'number' ? o['index'] : position;
      if (index < 0 || index >= inputs) throw upstream(`The provider answered with an embedding of index ${index}.`);
      vectors[index] = vector(o['embedding']);
    });
    if (Object.keys(vectors).length !== inputs) throw upstream('The provider answered with the same index twice.');
    const usage = isJsonObject(body['usage']) ? body['usage'] : {};
    return { vectors, ...promptUsage(usage['prompt_tokens']) };
  },
};

/** `POST /v1beta/models/*:batchEmbedContents` (Gemini API reference). Most models report no usage. */
export const geminiEmbeddings: EmbeddingsCodec = {
  encode: (request, upstream_model) => ({
    requests: texts(request, 'gemini').map((text) => ({
      model: upstream_model.includes('/') ? upstream_model : `models/${upstream_model}`,
      content: { parts: [{ text }] },
      ...(request.dimensions === undefined ? {} : { outputDimensionality: request.dimensions }),
    })),
  }),
  decode(body, inputs) {
    const vectors = list(body['embeddings'], inputs).map((e) => vector(isJsonObject(e) ? e['values'] : undefined));
    const usage = isJsonObject(body['usageMetadata']) ? body['usageMetadata'] : {};
    return { vectors, ...promptUsage(usage['promptTokenCount']) };
  },
};

/** `POST /api/embed` (Ollama API). */
export const ollamaEmbeddings: EmbeddingsCodec = {
  encode: (request, upstream_model) => ({
    model: upstream_model,
    input: texts(request, 'ollama'),
    ...(request.dimensions === undefined ? {} : { dimensions: request.dimensions }),
  }),
  decode: (body, inputs) => ({
    vectors: list(body['embeddings'], inputs).map(vector),
    ...promptUsage(body['prompt_eval_count']),
  }),
};
