/** What makes vectors of texts. Which keys go with which `type` is said in the schema and checked in `rules-embed.ts`. */
export interface EmbeddingsConfig {
  readonly type: 'hashed' | 'model' | 'onnx';
  /** `model`: id of a model of `models`. */
  readonly model?: string | undefined;
  readonly dimensions?: number | undefined;
  /** `onnx`: paths. */
  readonly file?: string | undefined;
  readonly tokenizer?: string | undefined;
  readonly max_tokens: number;
  readonly pooling: 'mean' | 'cls';
  /** `model`, `onnx`. */
  readonly baseline: number;
  readonly timeout_ms: number;
  readonly max_batch: number;
  readonly max_chars: number;
}
