import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import { type Carrier, isUrlCitation } from '../losses.ts';

/** Its own media go back as they came; of annotations it has the citation of a web page. */
export const CARRIER: Carrier = {
  words: 'Chat Completions',
  carries: (event) => (event.type === 'annotation' ? isUrlCitation(event.annotation) : event.origin === 'openai-chat'),
};

/** `annotations` of a message or of a delta, in the model's words: flat, as Responses has them. */
export function decodeAnnotations(value: JsonValue | undefined): JsonObject[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly JsonValue[]).filter(isJsonObject).map((one) => {
    const inner = one['url_citation'];
    return one['type'] === 'url_citation' && isJsonObject(inner) ? { type: 'url_citation', ...inner } : one;
  });
}

export function encodeAnnotation({ type, ...inner }: JsonObject): JsonObject {
  return { type, url_citation: inner };
}

/** What a message or a delta holds besides text and calls: speech, and pictures as aggregators add them. */
export function decodeMedia(message: JsonObject): JsonObject[] {
  const out: JsonObject[] = [];
  if (isJsonObject(message['audio'])) out.push({ audio: message['audio'] });
  if (Array.isArray(message['images'])) {
    for (const image of message['images'] as readonly JsonValue[]) out.push({ images: [image] });
  }
  return out;
}

export function joinMedia(media: JsonObject, more: JsonObject): JsonObject {
  const images = [media['images'], more['images']].flatMap((list) =>
    Array.isArray(list) ? (list as readonly JsonValue[]) : [],
  );
  return { ...media, ...more, ...(images.length === 0 ? {} : { images }) };
}
