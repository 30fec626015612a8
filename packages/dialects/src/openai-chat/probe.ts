import { type JsonObject, type JsonValue, isJsonObject } from '@atp-router/kernel';
import type { ProbeLimits, RequestProbe } from '../dialect.ts';
import { arr, bad, bool, int, needStr, obj } from '../read.ts';

interface Media {
  bytes: number;
  count: number;
  images: boolean;
  audio: boolean;
  documents: boolean;
}

/** Reads what routing needs, touching each message once and building nothing. */
export function probe(body: JsonObject, limits: ProbeLimits): RequestProbe {
  const model = needStr(body, 'model');
  const messages = arr(body, 'messages');
  if (messages === undefined || messages.length === 0) throw bad('messages', 'a non-empty array');
  if (messages.length > limits.messages) throw bad('messages', `at most ${limits.messages} entries`);
  const tools = arr(body, 'tools');
  if (tools !== undefined && tools.length > limits.tools) throw bad('tools', `at most ${limits.tools} entries`);
  const media: Media = { bytes: 0, count: 0, images: false, audio: false, documents: false };
  for (let i = 0; i < messages.length; i += 1) {
    const message = messages[i];
    if (!isJsonObject(message)) throw bad(`messages[${i}]`, 'an object');
    const content = message['content'];
    if (Array.isArray(content)) addMedia(content as readonly JsonValue[], media);
  }
  const max = maxOutputTokens(body);
  const format = obj(body, 'response_format')?.['type'];
  const effort = body['reasoning_effort'];
  return {
    model,
    stream: bool(body, 'stream') ?? false,
    include_usage: obj(body, 'stream_options')?.['include_usage'] === true,
    n: int(body, 'n', 1, 128) ?? 1,
    ...(max === undefined ? {} : { max_output_tokens: max }),
    has_tools: tools !== undefined && tools.length > 0,
    has_images: media.images,
    has_audio: media.audio,
    has_documents: media.documents,
    wants_json_mode: format === 'json_object',
    wants_json_schema: format === 'json_schema',
    wants_reasoning: typeof effort === 'string' && effort !== 'none',
    wants_logprobs: body['logprobs'] === true,
    media_bytes: media.bytes,
    media_count: media.count,
  };
}

/** The larger of both fields when a client sends both: which one a provider obeys is not known here. */
function maxOutputTokens(body: JsonObject): number | undefined {
  const newer = int(body, 'max_completion_tokens', 1, 100_000_000);
  const older = int(body, 'max_tokens', 1, 100_000_000);
  return newer === undefined || older === undefined ? (newer ?? older) : Math.max(newer, older);
}

function addMedia(content: readonly JsonValue[], media: Media): void {
  for (const part of content) {
    if (!isJsonObject(part)) continue;
    if (part['type'] === 'image_url') {
      media.images = true;
      media.count += 1;
      const image = part['image_url'];
      const url = isJsonObject(image) ? image['url'] : undefined;
      if (typeof url === 'string' && url.startsWith('data:')) media.bytes += url.length;
    } else if (part['type'] === 'input_audio') {
      media.audio = true;
      media.count += 1;
      const data = isJsonObject(part['input_audio']) ? part['input_audio']['data'] : undefined;
      if (typeof data === 'string') media.bytes += data.length;
    } else if (part['type'] === 'file') {
      media.documents = true;
      media.count += 1;
      const data = isJsonObject(part['file']) ? part['file']['file_data'] : undefined;
      if (typeof data === 'string') media.bytes += data.length;
    }
  }
}
