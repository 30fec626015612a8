import type { EmbedSeries } from '@atp-router/adapters';
import type { AsyncEmbedder, PreparedVectors, Provenance } from '@atp-router/consensus';
import type { Target } from '../engine/target.ts';

/** Who makes vectors: a model that is asked as an attempt of the call, or one on this machine. */
export type VectorMaker =
  | { readonly kind: 'model'; readonly target: Target; readonly dimensions: number | undefined }
  | { readonly kind: 'onnx'; readonly embedder: AsyncEmbedder };

/** Vectors that sessions share. */
export interface KeptVectors {
  get(text: string): Float32Array | undefined;
  put(text: string, vector: Float32Array): void;
}

/** How the answers of one session get their vectors before its strategy sees them. */
export interface SessionEmbedding {
  readonly vectors: PreparedVectors;
  readonly maker: VectorMaker;
  readonly kept: KeptVectors;
  readonly timeout_ms: number;
  /** Texts in one request. */
  readonly max_batch: number;
  /** Characters of a text that are embedded. */
  readonly max_chars: number;
  readonly series: Pick<EmbedSeries, 'request' | 'texts'>;
  /** Of an answer, the texts that its strategy compares. */
  textsOf(text: string, from: Provenance): readonly string[];
}
