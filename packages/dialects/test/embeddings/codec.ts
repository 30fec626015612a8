import { type EmbedCodec, embedSupport } from '@atp-router/dialects';

export type EmbedId = 'openai-chat' | 'gemini' | 'ollama';

export function codec(id: EmbedId): EmbedCodec {
  const support = embedSupport(id);
  if (support.kind !== 'native') throw new Error(`${id} cannot embed`);
  return support.codec;
}
