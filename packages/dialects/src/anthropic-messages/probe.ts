import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import type { ProbeLimits, RequestProbe } from '../dialect.ts';
import { arr, bad, bool, int, needStr, obj } from '../read.ts';

interface Media {
  bytes: number;
  count: number;
  images: boolean;
  documents: boolean;
}

/** Reads what routing needs, touching each block once and building nothing. */
export function probe(body: JsonObject, limits: ProbeLimits): RequestProbe {
  const model = needStr(body, 'model');
  const messages = arr(body, 'messages');
  if (messages === undefined || messages.length === 0) throw bad('messages', 'a non-empty array');
  if (messages.length > limits.messages) throw bad('messages', `at most ${limits.messages} entries`);
  const tools = arr(body, 'tools');
  if (tools !== undefined && tools.length > limits.tools) throw bad('tools', `at most ${limits.tools} entries`);
  const media: Media = { bytes: 0, count: 0, images: false, documents: false };
  for (let i = 0; i < messages.length; i += 1) {
    const message = messages[i];
    if (!isJsonObject(message)) throw bad(`messages[${i}]`, 'an object');
    addMedia(message['content'], media);
  }
  const max = int(body, 'max_tokens', 0, 100_000_000);
  const thinking = obj(body, 'thinking')?.['type'];
  const format = obj(body, 'output_config')?.['format'] ?? body['output_format'];
  return {
    model,
    stream: bool(body, 'stream') ?? false,
    include_usage: true,
    n: 1,
    ...(max === undefined ? {} : { max_output_tokens: max }),
    has_tools: tools !== undefined && tools.length > 0,
    has_images: media.images,
    has_audio: false,
    has_documents: media.documents,
    wants_json_mode: false,
    wants_json_schema: isJsonObject(format),
    wants_reasoning: typeof thinking === 'string' && thinking !== 'disabled',
    wants_logprobs: false,
    media_bytes: media.bytes,
    media_count: media.count,
  };
}

/** Images and documents, also those inside tool results. */
function addMedia(content: JsonValue | undefined, media: Media): void {
  if (!Array.isArray(content)) return;
  for (const block of content as readonly JsonValue[]) {
    if (!isJsonObject(block)) continue;
    const type = block['type'];
    if (type === 'image' || type === 'document') {
      const source = isJsonObject(block['source']) ? block['source'] : {};
      // The text of a plain-text document counts as text.
      if (source['type'] === 'text' || source['type'] === 'content') continue;
      media.count += 1;
      if (type === 'image') media.images = true;
      else media.documents = true;
      const data = source['data'];
      if (source['type'] === 'base64' && typeof data === 'string') media.bytes += data.length;
    } else if (type === 'tool_result') {
      addMedia(block['content'], media);
    }
  }
}
