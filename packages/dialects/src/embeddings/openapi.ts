import {
  enums,
  int,
  list,
  num,
  object,
  type OpenApiFragment,
  oneOf,
  operation,
  ref,
  str,
} from '../openapi/fragment.ts';

/** OpenAI Embeddings. */
export const embeddingsFragment: OpenApiFragment = {
  tags: [{ name: 'embeddings', description: "OpenAI's Embeddings shape." }],
  paths: {
    '/v1/embeddings': {
      post: operation({
        id: 'createEmbedding',
        tag: 'embeddings',
        summary: 'Turn texts into vectors.',
        request: { schema: 'EmbeddingsRequest', example: { model: 'embed-small', input: ['one text', 'another'] } },
        answer: 'EmbeddingsAnswer',
        error: 'OpenAiError',
        is_call: true,
      }),
    },
  },
  schemas: {
    EmbeddingsRequest: object(
      {
        model: str(),
        input: oneOf([
          str(),
          list(str(), undefined, { minItems: 1, maxItems: 2_048 }),
          list(int(undefined, { minimum: 0 }), 'One text as token numbers: for OpenAI models only.', { minItems: 1 }),
          list(list(int(undefined, { minimum: 0 }), undefined, { minItems: 1 }), undefined, { minItems: 1 }),
        ]),
        dimensions: int('Length of the vectors, for models that can shorten them.', { minimum: 1 }),
        encoding_format: enums(['float', 'base64'], 'base64 is of little-endian 32-bit floats. Default float.'),
        user: str('End-user id: a hint.'),
      },
      ['model', 'input'],
    ),
    EmbeddingsAnswer: object(
      {
        object: { const: 'list' },
        data: list(
          object({ object: { const: 'embedding' }, index: int(), embedding: oneOf([list(num()), str('base64')]) }, [
            'object',
            'index',
            'embedding',
          ]),
        ),
        model: str(),
        usage: object({ prompt_tokens: int(), total_tokens: int() }, ['prompt_tokens', 'total_tokens']),
        atp: ref('AtpField'),
      },
      ['object', 'data', 'model', 'usage'],
    ),
  },
};
