import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { AtpError } from '@atp-router/kernel';
import { pooled } from './pooling.ts';
import { tokenizerOf } from './tokenizer.ts';

export interface OnnxOptions {
  /** Paths. */
  readonly file: string;
  readonly tokenizer: string;
  readonly max_tokens: number;
  readonly pooling: 'mean' | 'cls';
}

/** A model that is loaded: texts in, vectors of length 1 out, one after the other. */
export interface OnnxModel {
  /** Of the bytes of the file, and of what else decides about the vectors. */
  readonly id: string;
  readonly dims: number;
  embed(texts: readonly string[]): Promise<Float32Array>;
}

/** What an export of an encoder takes; whatever else one asks for is not known here. */
const INPUTS: readonly string[] = ['input_ids', 'attention_mask', 'token_type_ids'];
/** Outputs by the names that exporters give them, the best first; else the first one. */
const OUTPUTS: readonly string[] = ['sentence_embedding', 'last_hidden_state', 'token_embeddings'];

/** Throws `AtpError config_invalid` that says what is missing and what to do. */
export async function openOnnxModel(options: OnnxOptions): Promise<OnnxModel> {
  const { file, tokenizer: path, max_tokens, pooling } = options;
  const [weights, words] = await Promise.all([read('file', file), read('tokenizer', path)]);
  const [ort, { Tokenizer }] = await Promise.all([
    library(() => import('onnxruntime-web'), 'onnxruntime-web'),
    library(() => import('@huggingface/tokenizers'), '@huggingface/tokenizers'),
  ]);
  // Threads of its own would need more processors than a router leaves it.
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  const session = await ort.InferenceSession.create(weights, { executionProviders: ['wasm'] }).catch(
    (cause: unknown) => {
      throw unusable('file', file, 'the ONNX runtime cannot load it', cause);
    },
  );
  const strange = session.inputNames.find((name) => !INPUTS.includes(name));
  if (strange !== undefined) throw unusable('file', file, `it wants an input "${strange}" beside ${INPUTS.join(', ')}`);
  const output = OUTPUTS.find((name) => session.outputNames.includes(name)) ?? session.outputNames[0] ?? '';
  const described = tokenizerOf(path, words.toString('utf8'));
  const tokenizer = attempted(
    () => new Tokenizer(described, {}),
    (cause) => unusable('tokenizer', path, 'the library for tokenizers refuses it', cause),
  );

  const run = async (texts: readonly string[]): Promise<{ vectors: Float32Array; dims: number }> => {
    const rows = texts.map((text) => cut(tokenizer.encode(text).ids, max_tokens));
    // A text without a word is one token of padding: it gets the vector of nothing.
    const longest = Math.max(1, ...rows.map(({ length }) => length));
    const grid = (value: (row: readonly number[], i: number) => number): number[][] =>
      rows.map((row) => Array.from({ length: longest }, (_, i) => value(row, i)));
    const mask = grid((row, i) => (i < row.length ? 1 : 0));
    const given: Readonly<Record<string, number[][]>> = {
      input_ids: grid((row, i) => row[i] ?? 0),
      attention_mask: mask,
      token_type_ids: grid(() => 0),
    };
    const feeds = session.inputNames.map((name) => {
      const numbers = BigInt64Array.from((given[name] ?? []).flat(), BigInt);
      return [name, new ort.Tensor('int64', numbers, [texts.length, longest])] as const;
    });
    const made = (await session.run(Object.fromEntries(feeds)))[output];
    const result =
      made?.data instanceof Float32Array ? pooled({ data: made.data, shape: made.dims }, mask, pooling) : undefined;
    if (result === undefined)
      throw unusable('file', file, `its output "${output}" holds no 32-bit vectors of tokens or texts`);
    return result;
  };

  const { dims } = await run(['one word']);
  const hash = createHash('sha256').update(weights).update(words).digest('hex').slice(0, 12);
  return {
    id: `onnx-${hash}/${dims}-${pooling}-${max_tokens}`,
    dims,
    embed: async (texts) => (await run(texts)).vectors,
  };
}

/** The first tokens, and the last one, which marks the end. */
function cut(ids: readonly number[], max: number): readonly number[] {
  return ids.length <= max ? ids : [...ids.slice(0, max - 1), ...ids.slice(-1)];
}

async function read(key: 'file' | 'tokenizer', path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw unusable(key, path, 'it cannot be read', cause);
  }
}

function attempted<T>(make: () => T, refusal: (cause: unknown) => AtpError): T {
  try {
    return make();
  } catch (cause) {
    throw refusal(cause);
  }
}

/** Both are large and wanted by few, so they are not installed with the router. */
async function library<T>(load: () => Promise<T>, name: string): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const message = `embeddings.type: onnx needs the library ${name}, which is not installed. Run: npm install onnxruntime-web @huggingface/tokenizers`;
    throw new AtpError('config_invalid', message, { cause });
  }
}

function unusable(key: 'file' | 'tokenizer', path: string, why: string, cause?: unknown): AtpError {
  const said = cause instanceof Error ? ` (${cause.message.slice(0, 200)})` : '';
  return new AtpError('config_invalid', `embeddings.${key}: ${path} cannot be used: ${why}${said}.`, { cause });
}
