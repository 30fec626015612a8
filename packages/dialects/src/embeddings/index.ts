import type { DialectId } from '../model.ts';
import { geminiEmbed } from './gemini.ts';
import type { EmbedSupport } from './model.ts';
import { ollamaEmbed } from './ollama.ts';
import { openaiEmbed } from './openai.ts';

export { decodeFloats, encodeFloats } from './base64.ts';
export { openaiEmbedIngress } from './ingress.ts';
export type * from './model.ts';

const SUPPORT: Readonly<Record<DialectId, EmbedSupport>> = {
  'openai-chat': { kind: 'native', codec: openaiEmbed },
  'openai-responses': { kind: 'native', codec: openaiEmbed },
  gemini: { kind: 'native', codec: geminiEmbed },
  ollama: { kind: 'native', codec: ollamaEmbed },
  'anthropic-messages': {
    kind: 'refused',
    reason: 'Anthropic offers no embeddings; its documentation names other vendors.',
  },
  ask: { kind: 'refused', reason: 'ask is a shape for clients only.' },
};

/** How a provider that speaks this shape embeds, or why it does not. */
export function embedSupport(dialect: DialectId): EmbedSupport {
  return SUPPORT[dialect];
}
