import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import { generatedImage } from '../generated.ts';
import type { Carrier } from '../losses.ts';
import type { OpaquePart } from '../model.ts';

/** Every annotation, its own items, and pictures of whatever shape. */
export const CARRIER: Carrier = {
  words: 'Responses',
  carries: (event) =>
    event.type === 'annotation' || event.origin === 'openai-responses' || generatedImage(event) !== undefined,
};

/** The output item for what is no text, thinking or call; undefined for what this shape has no item for. */
export function opaqueItem(
  part: Pick<OpaquePart, 'origin' | 'raw'>,
  response_id: string,
  at: number,
): JsonObject | undefined {
  if (part.origin === 'openai-responses') return part.raw;
  const image = generatedImage(part);
  if (image === undefined) return undefined;
  return {
    id: `ig_${response_id.replace(/^resp_/, '')}_${at}`,
    type: 'image_generation_call',
    status: 'completed',
    result: image.data,
    output_format: image.media_type.replace(/^image\//, ''),
  };
}

/**
 * An annotation with its places moved: here they count within one part, in the model within all text of the answer.
 */
export function shifted(annotation: JsonObject, by: number): JsonObject {
  if (by === 0) return annotation;
  const out: Record<string, JsonValue | undefined> = { ...annotation };
  for (const key of ['start_index', 'end_index']) if (typeof out[key] === 'number') out[key] += by;
  return out;
}

export function annotationsOf(part: JsonObject): JsonObject[] {
  const list = part['annotations'];
  return Array.isArray(list) ? (list as readonly JsonValue[]).filter(isJsonObject) : [];
}
