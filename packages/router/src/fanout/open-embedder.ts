import { type EmbeddingsConfig, type LocalEmbedder, openOnnxEmbedder } from '@atp-router/adapters';
import { assert } from '@atp-router/kernel';

/** Loads the weights that the configuration names; undefined where it names none. Rejects with `config_invalid`. */
export async function openLocalEmbedder(settings: EmbeddingsConfig): Promise<LocalEmbedder | undefined> {
  if (settings.type !== 'onnx') return undefined;
  const { file, tokenizer, max_tokens, pooling, timeout_ms } = settings;
  assert(file !== undefined && tokenizer !== undefined, 'the check has seen to both');
  return openOnnxEmbedder({ file, tokenizer, max_tokens, pooling, timeout_ms });
}
