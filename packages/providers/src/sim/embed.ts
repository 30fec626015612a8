import { encodeFloats } from '@atp-router/dialects';
import type { JsonObject, JsonValue } from '@atp-router/kernel';
import { contentHash, hashText } from './draw.ts';
import { delaysOf, faultOf } from './faults.ts';
import { errorScript, jsonScript } from './scripts.ts';
import type { SimRequest, SimScript } from './types.ts';

const DIMENSIONS_DEFAULT = 256;
const DIMENSIONS_MAX = 4_096;
/** As many inputs as OpenAI takes in one request. */
const INPUTS_MAX = 2_048;

/** One Embeddings call. */
export function simulateEmbeddings(request: SimRequest, body: JsonObject): SimScript {
  const inputs = inputsOf(body['input']);
  if (inputs === undefined || inputs.length === 0 || inputs.length > INPUTS_MAX) {
    const message = `"input" must be a text, a list of 1 to ${INPUTS_MAX} texts, or token numbers.`;
    return errorScript(400, 'invalid_request_error', 'invalid_input', message);
  }
  const wanted = body['dimensions'];
  const dimensions = typeof wanted === 'number' && Number.isInteger(wanted) && wanted > 0 ? wanted : DIMENSIONS_DEFAULT;
  if (dimensions > DIMENSIONS_MAX) {
    return errorScript(
      400,
      'invalid_request_error',
      'invalid_dimensions',
      `"dimensions" is at most ${DIMENSIONS_MAX}.`,
    );
  }
  const hash = contentHash(request.seed, body);
  const fault = faultOf(hash, request);
  const delays = delaysOf(hash, request);
  if (fault.kind === 'error')
    return errorScript(fault.status, 'server_error', fault.code, fault.message, delays.head_ms);
  const tokens = inputs.reduce((sum, text) => sum + Math.max(1, Math.ceil(text.length / 4)), 0);
  const as_base64 = body['encoding_format'] === 'base64';
  return jsonScript(
    {
      object: 'list',
      data: inputs.map((text, index) => {
        const vector = embedText(text, dimensions, request.seed);
        return { object: 'embedding', index, embedding: as_base64 ? encodeFloats(vector) : vector };
      }),
      model: typeof body['model'] === 'string' ? body['model'] : '',
      usage: { prompt_tokens: tokens, total_tokens: tokens },
      simulated: true,
    },
    delays,
    fault,
  );
}

function inputsOf(input: JsonValue | undefined): readonly string[] | undefined {
  if (typeof input === 'string') return [input];
  if (!Array.isArray(input)) return undefined;
  const list = input as readonly JsonValue[];
  if (list.every((v) => typeof v === 'number')) return [list.join(' ')];
  if (list.every((v) => typeof v === 'string')) return list as readonly string[];
  return list.every((v) => Array.isArray(v)) ? list.map((v) => (v as readonly JsonValue[]).join(' ')) : undefined;
}

/**
 * A unit vector that follows from seed and text: words and their trigrams, hashed to dimensions with a sign (feature
 * hashing, Weinberger et al. 2009). Texts that share words are near each other, which is enough to try out a cache.
 */
export function embedText(text: string, dimensions: number, seed: number): number[] {
  const sums = new Array<number>(dimensions).fill(0);
  const add = (feature: string, weight: number): void => {
    const h = hashText(feature, seed);
    const at = (h >>> 1) % dimensions;
    sums[at] = (sums[at] ?? 0) + ((h & 1) === 0 ? weight : -weight);
  };
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) {
    add(`w:${word}`, 1);
    for (let i = 0; i + 3 <= word.length; i += 1) add(`t:${word.slice(i, i + 3)}`, 0.5);
  }
  // Nothing to hash, or everything cancelled out: the text as a whole has one direction of its own.
  if (sums.every((v) => v === 0)) add(`x:${text}`, 1);
  const length = Math.hypot(...sums);
  return sums.map((v) => Math.fround(v / length));
}
