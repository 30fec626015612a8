import { parentPort, workerData } from 'node:worker_threads';
import { toAtpError } from '@atp-router/kernel';
import { type OnnxOptions, openOnnxModel } from './onnx-model.ts';

/** What the thread says: once how its start went, then an answer to each question, in their order. */
export type WorkerSays =
  | { readonly kind: 'ready'; readonly id: string; readonly dims: number }
  | { readonly kind: 'made'; readonly vectors: Float32Array<ArrayBuffer> }
  | { readonly kind: 'failed'; readonly message: string };

const say = (said: WorkerSays): void => {
  parentPort?.postMessage(said, said.kind === 'made' ? [said.vectors.buffer] : []);
};
const failed = (thrown: unknown): void => say({ kind: 'failed', message: toAtpError(thrown).message });

try {
  const model = await openOnnxModel(workerData as OnnxOptions);
  parentPort?.on('message', (texts: readonly string[]) => {
    model.embed(texts).then((vectors) => say({ kind: 'made', vectors: Float32Array.from(vectors) }), failed);
  });
  say({ kind: 'ready', id: model.id, dims: model.dims });
} catch (thrown) {
  failed(thrown);
}
