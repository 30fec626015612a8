import type { Answer } from '../script.ts';
import type { Json, RenderContext, Shape } from './shape.ts';

/** A vector that tells which input it belongs to: its length is 3 and its first number counts the characters. */
function vectorOf(text: unknown, index: number): number[] {
  return [typeof text === 'string' ? text.length : 0, index, 0.5];
}

function base64(vector: readonly number[]): string {
  return Buffer.from(new Float32Array(vector).buffer).toString('base64');
}

const PLAIN = {
  stream_type: 'application/json',
  wantsStream: (): boolean => false,
  frames: (): string[] => [],
  usageAt: (): number => 0,
} as const;

function inTokens(answer: Answer): number {
  return answer.usage?.in_tokens ?? 0;
}

function inputsOf(body: Json): unknown[] {
  const { input } = body;
  return Array.isArray(input) ? input : [input];
}

export const openaiEmbedShape: Shape = {
  ...PLAIN,
  id: 'openai-embeddings',
  owns: (path) => path === '/embeddings',
  plain: (answer, ctx: RenderContext) => ({
    object: 'list',
    model: `${ctx.model}-dated`,
    data: inputsOf(ctx.body).map((text, index) => {
      const vector = vectorOf(text, index);
      return {
        object: 'embedding',
        index,
        embedding: ctx.body['encoding_format'] === 'base64' ? base64(vector) : vector,
      };
    }),
    ...(answer.usage === undefined
      ? {}
      : { usage: { prompt_tokens: inTokens(answer), total_tokens: inTokens(answer) } }),
  }),
  error: (_status, message) => ({ error: { message, type: 'invalid_request_error', param: null, code: null } }),
};

export const geminiEmbedShape: Shape = {
  ...PLAIN,
  id: 'gemini-embeddings',
  owns: (path) => path.startsWith('/v1beta/') && path.endsWith(':batchEmbedContents'),
  plain: (answer, ctx) => {
    const requests = ctx.body['requests'] as { content: { parts: { text: string }[] } }[];
    return {
      embeddings: requests.map(({ content }, i) => ({ values: vectorOf(content.parts[0]?.text, i) })),
      ...(answer.usage === undefined ? {} : { usageMetadata: { promptTokenCount: inTokens(answer) } }),
    };
  },
  error: (status, message) => ({ error: { code: status, message, status: 'INVALID_ARGUMENT' } }),
};

export const ollamaEmbedShape: Shape = {
  ...PLAIN,
  id: 'ollama-embeddings',
  owns: (path) => path === '/api/embed',
  plain: (answer, ctx) => ({
    model: ctx.model,
    embeddings: inputsOf(ctx.body).map(vectorOf),
    ...(answer.usage === undefined ? {} : { prompt_eval_count: inTokens(answer) }),
  }),
  error: (_status, message) => ({ error: message }),
};
