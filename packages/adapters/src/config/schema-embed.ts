import { z } from 'zod';
import { int, modelName, text, typed } from './schema-parts.ts';
import type { EmbeddingsConfig } from './types-embed.ts';

/** Of the keys that have one, as somebody would write it out. */
export const EMBEDDING_DEFAULTS = {
  max_tokens: 256,
  pooling: 'mean',
  baseline: 0,
  timeout_ms: 2_000,
  max_batch: 64,
  max_chars: 6_000,
} as const;

/** Vectors of texts, by which answers are compared: docs/operations/embeddings.md. */
export const embeddingsSchema: z.ZodType<EmbeddingsConfig> = typed<EmbeddingsConfig>()(
  z.strictObject({
    type: z.enum(['hashed', 'model', 'onnx']).default('hashed').meta({
      description:
        '`hashed`: by the words, made at once and without weights. `model`: by a model of `models`, whose tokens are booked on the call. `onnx`: by a file of weights on this machine.',
    }),
    model: modelName(
      'Only for `model`, and required there: id of a model with the capability `embeddings`, at any provider that can embed.',
    ).optional(),
    dimensions: int(
      1,
      16_384,
      'Only for `model`: length of the vectors, where the model lets one choose. Absent: its own.',
    ).optional(),
    file: text(4_096, {
      description: 'Only for `onnx`, and required there: path of the file of weights, beside this file or absolute.',
    }).optional(),
    tokenizer: text(4_096, {
      description:
        'Only for `onnx`, and required there: path of its `tokenizer.json`, or of the `vocab.txt` of a BERT.',
    }).optional(),
    max_tokens: int(2, 8_192, 'Only for `onnx`: tokens of a text that the model sees; the rest is cut off.').default(
      EMBEDDING_DEFAULTS.max_tokens,
    ),
    pooling: z.enum(['mean', 'cls']).default(EMBEDDING_DEFAULTS.pooling).meta({
      description: 'Only for `onnx`: what a text is worth of the vectors of its tokens: their mean, or the first.',
    }),
    baseline: z.number().min(0).max(0.95).default(EMBEDDING_DEFAULTS.baseline).meta({
      description:
        'The cosine of two texts that have nothing in common, as the model has it: nearness counts from there on. Many models have 0.5 and more.',
    }),
    timeout_ms: int(
      10,
      60_000,
      'How long the vectors of one answer may take, in milliseconds. After that its session compares words.',
    ).default(EMBEDDING_DEFAULTS.timeout_ms),
    max_batch: int(1, 2_048, 'Texts in one request.').default(EMBEDDING_DEFAULTS.max_batch),
    max_chars: int(
      16,
      65_536,
      'Characters of a text that are embedded; the rest is cut off. Most models take 512 or 8192 tokens.',
    ).default(EMBEDDING_DEFAULTS.max_chars),
  }),
);
