import { AtpError, isJsonObject, type JsonObject, type JsonValue, type Usage, ZERO_USAGE } from '@atp-router/kernel';
import type { Translation } from '../translation.ts';
import type { EmbedInput, EmbedRequest, Vector } from './model.ts';

export function upstream(message: string): AtpError {
  return new AtpError('upstream_error', message, { origin: 'remote' });
}

/** The list of vectors of an answer: as many as were asked for, or the provider is at fault. */
export function listOf(value: JsonValue | undefined, inputs: number): readonly JsonValue[] {
  if (!Array.isArray(value)) throw upstream('The provider answered without embeddings.');
  if (value.length !== inputs) {
    throw upstream(`The provider answered with ${value.length} embeddings for ${inputs} inputs.`);
  }
  return value as readonly JsonValue[];
}

export function numbers(value: JsonValue | undefined): readonly number[] {
  if (Array.isArray(value) && value.every((n) => typeof n === 'number')) return value as readonly number[];
  throw upstream('The provider answered with an embedding that is not a list of numbers.');
}

export function vector(value: JsonValue | undefined): Vector {
  return typeof value === 'string' ? value : numbers(value);
}

export function promptUsage(tokens: JsonValue | undefined): { readonly usage?: Usage } {
  return typeof tokens === 'number' && Number.isSafeInteger(tokens) && tokens >= 0
    ? { usage: { ...ZERO_USAGE, in_tokens: tokens } }
    : {};
}

export function object(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** The inputs as texts. Token numbers belong to one vendor's tokenizer, and there is nothing to drop in their place. */
export function textsOf(request: EmbedRequest, kind: string): readonly string[] {
  return request.inputs.map((input: EmbedInput) => {
    if (typeof input === 'string') return input;
    throw new AtpError(
      'untranslatable',
      `"input" cannot be expressed for a ${kind} provider: token numbers belong to one vendor's tokenizer. Send text.`,
      { param: 'input' },
    );
  });
}

/** Refuses more inputs than one request of the provider takes. Dropping some is no choice. */
export function checkCount(request: EmbedRequest, kind: string, inputs_max: number): void {
  if (request.inputs.length <= inputs_max) return;
  throw new AtpError(
    'untranslatable',
    `"input" has ${request.inputs.length} entries and a ${kind} provider takes ${inputs_max} in one request. Send fewer at a time.`,
    { param: 'input' },
  );
}

/** Hints and unknown fields that only the OpenAI shape has. */
export function ignoreHints(request: EmbedRequest, t: Translation): void {
  if (request.user !== undefined) t.allows('user');
  for (const key of Object.keys(request.extra)) t.ignore(key);
}
