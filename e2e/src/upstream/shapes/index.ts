import { anthropicShape } from './anthropic.ts';
import { anthropicCountShape, geminiCountShape, openaiCountShape } from './count-tokens.ts';
import { geminiEmbedShape, ollamaEmbedShape, openaiEmbedShape } from './embeddings.ts';
import { geminiShape } from './gemini.ts';
import { ollamaShape } from './ollama.ts';
import { openaiChatShape } from './openai-chat.ts';
import { openaiResponsesShape } from './openai-responses.ts';
import type { Shape } from './shape.ts';

/** Everything that the upstream speaks. */
export const SHAPES: readonly Shape[] = [
  openaiChatShape,
  openaiResponsesShape,
  anthropicShape,
  geminiShape,
  ollamaShape,
  openaiEmbedShape,
  geminiEmbedShape,
  ollamaEmbedShape,
  anthropicCountShape,
  openaiCountShape,
  geminiCountShape,
];
export type { Json, RenderContext, Shape } from './shape.ts';
