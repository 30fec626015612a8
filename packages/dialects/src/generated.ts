import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import { parseDataUrl } from './read.ts';
import type { DialectId } from './model.ts';

/** What was generated besides text, as the shape that made it tells it. */
interface Generated {
  readonly origin: DialectId;
  readonly raw: JsonObject;
}

export interface GeneratedImage {
  readonly media_type: string;
  readonly data: string;
}

/** What a tool that ran at the provider left in the answer: no content of its own, its outcome is in the text. */
export const TRACE = 'hosted_tools';

/** What it is in a word; undefined for what says nothing (signatures). */
export function generatedName({ origin, raw }: Generated): string | undefined {
  switch (origin) {
    case 'gemini':
      return geminiName(raw);
    case 'openai-chat':
      return raw['audio'] === undefined ? 'image' : 'audio';
    default:
      return raw['type'] === 'image_generation_call' ? 'image' : TRACE;
  }
}

const GEMINI_KINDS: readonly string[] = ['image', 'audio', 'video'];
/** Fields of a part that say how it was thought, and nothing of its content. */
const GEMINI_NOTES: ReadonlySet<string> = new Set(['text', 'thought', 'thoughtSignature', 'partMetadata']);

function geminiName(raw: JsonObject): string | undefined {
  const media = raw['inlineData'] ?? raw['fileData'];
  if (isJsonObject(media)) {
    const kind = String(media['mimeType'] ?? '').split('/', 1)[0] ?? '';
    return GEMINI_KINDS.includes(kind) ? kind : 'file';
  }
  return Object.keys(raw).some((key) => !GEMINI_NOTES.has(key)) ? TRACE : undefined;
}

/** The picture that it is, where its bytes are there. */
export function generatedImage({ origin, raw }: Generated): GeneratedImage | undefined {
  if (origin === 'gemini') {
    const media = raw['inlineData'];
    if (!isJsonObject(media) || raw['thought'] === true) return undefined;
    const { mimeType, data } = media as { readonly mimeType?: JsonValue; readonly data?: JsonValue };
    const is_image = typeof mimeType === 'string' && mimeType.startsWith('image/') && typeof data === 'string';
    return is_image ? { media_type: mimeType, data } : undefined;
  }
  return origin === 'openai-chat' ? chatImage(raw['images']) : undefined;
}

/** Not OpenAI's own, but what aggregators answer: `images: [{type: "image_url", image_url: {url: "data:…"}}]`. */
function chatImage(images: JsonValue | undefined): GeneratedImage | undefined {
  const first: unknown = Array.isArray(images) ? images[0] : undefined;
  const image: unknown = isJsonObject(first) ? first['image_url'] : undefined;
  const url: unknown = isJsonObject(image) ? image['url'] : undefined;
  return typeof url === 'string' ? parseDataUrl(url) : undefined;
}
