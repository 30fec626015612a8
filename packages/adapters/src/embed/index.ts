export { type LocalEmbedder, type OnnxEmbedderOptions, openOnnxEmbedder } from './onnx-embedder.ts';
export { VectorCache } from './vector-cache.ts';
