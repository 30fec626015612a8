import { type JsonObject, type JsonValue, ZERO_USAGE } from '@atp-router/kernel';
import { encodeError } from '../openai-chat/errors.ts';
import { bad, int, needStr, optional, rest, str } from '../read.ts';
import { decodeFloats, encodeFloats } from './base64.ts';
import type {
  EmbedFormat,
  EmbedIngress,
  EmbedInput,
  EmbedProbe,
  EmbedRequest,
  EmbedResponse,
  EmbedResponseContext,
  Vector,
} from './model.ts';

const KNOWN: ReadonlySet<string> = new Set(['model', 'input', 'dimensions', 'encoding_format', 'user']);
const INPUT = 'a text, an array of texts, an array of token numbers, or an array of such arrays';

/** `POST /v1/embeddings` in OpenAI's shape, for clients. */
export const openaiEmbedIngress: EmbedIngress = {
  id: 'openai-chat',
  probe,
  decodeRequest,
  encodeResponse,
  encodeError,
};

function probe(body: JsonObject, limits: { readonly inputs: number }): EmbedProbe {
  const model = needStr(body, 'model');
  const inputs = inputsOf(body['input']);
  if (inputs.length > limits.inputs) throw bad('input', `at most ${limits.inputs} entries`);
  let text_chars = 0;
  let given_tokens = 0;
  for (const input of inputs) {
    if (typeof input === 'string') text_chars += input.length;
    else given_tokens += input.length;
  }
  return { model, inputs: inputs.length, text_chars, given_tokens, encoding_format: formatOf(body) };
}

function decodeRequest(body: JsonObject): EmbedRequest {
  return {
    model: needStr(body, 'model'),
    inputs: inputsOf(body['input']),
    encoding_format: formatOf(body),
    ...optional('dimensions', int(body, 'dimensions', 1, 1_000_000)),
    ...optional('user', str(body, 'user')),
    extra: rest(body, KNOWN),
  };
}

function formatOf(body: JsonObject): EmbedFormat {
  const format = str(body, 'encoding_format') ?? 'float';
  if (format !== 'float' && format !== 'base64') throw bad('encoding_format', '"float" or "base64"');
  return format;
}

function inputsOf(value: JsonValue | undefined): readonly EmbedInput[] {
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value) || value.length === 0) throw bad('input', `${INPUT}, and not empty`);
  const list = value as readonly JsonValue[];
  if (typeof list[0] === 'number') return [tokens(list, 'input')];
  return list.map((entry, i) => {
    if (typeof entry === 'string' && typeof list[0] === 'string') return entry;
    if (!Array.isArray(entry) || typeof list[0] === 'string')
      throw bad(`input[${i}]`, `like the other entries: ${INPUT}`);
    return tokens(entry as readonly JsonValue[], `input[${i}]`);
  });
}

function tokens(list: readonly JsonValue[], path: string): readonly number[] {
  if (list.length > 0 && list.every((n) => Number.isInteger(n) && (n as number) >= 0)) return list as readonly number[];
  throw bad(path, 'a non-empty array of token numbers');
}

/** Vectors leave in the format that the client asked for, whatever the provider sent. */
function encodeResponse(response: EmbedResponse, ctx: EmbedResponseContext): JsonObject {
  const { in_tokens } = response.usage ?? ZERO_USAGE;
  return {
    object: 'list',
    data: response.vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: convert(vector, ctx.encoding_format),
    })),
    model: ctx.model,
    usage: { prompt_tokens: in_tokens, total_tokens: in_tokens },
    ...(ctx.atp === undefined ? {} : { atp: ctx.atp as unknown as JsonObject }),
  };
}

function convert(vector: Vector, format: EmbedFormat): Vector {
  if (typeof vector === 'string') return format === 'base64' ? vector : decodeFloats(vector);
  return format === 'float' ? vector : encodeFloats(vector);
}
