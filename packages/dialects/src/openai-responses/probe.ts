import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import type { ProbeLimits, RequestProbe } from '../dialect.ts';
import { arr, bad, bool, int, needStr, obj } from '../read.ts';
import { refuseStoredState, wantsStore } from './state.ts';

interface Media {
  bytes: number;
  count: number;
  images: boolean;
  documents: boolean;
}

/** Reads what routing needs, touching each input item once and building nothing. */
export function probe(body: JsonObject, limits: ProbeLimits): RequestProbe {
  const model = needStr(body, 'model');
  refuseStoredState(body);
  const media = probeInput(body['input'], limits);
  const tools = arr(body, 'tools');
  if (tools !== undefined && tools.length > limits.tools) throw bad('tools', `at most ${limits.tools} entries`);
  const max = int(body, 'max_output_tokens', 1, 100_000_000);
  const text = obj(body, 'text');
  const format = isJsonObject(text?.['format']) ? text['format']['type'] : undefined;
  const effort = obj(body, 'reasoning')?.['effort'];
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
    wants_json_mode: format === 'json_object',
    wants_json_schema: format === 'json_schema',
    wants_reasoning: typeof effort === 'string' && effort !== 'none',
    wants_logprobs: wantsLogprobs(body),
    media_bytes: media.bytes,
    media_count: media.count,
    ...(wantsStore(body) ? { ignored: ['store'] } : {}),
  };
}

/** `include` asks for log-probabilities, `top_logprobs` above 0 implies them. */
export function wantsLogprobs(body: JsonObject): boolean {
  const include = body['include'];
  const top = body['top_logprobs'];
  return (
    (Array.isArray(include) && include.includes('message.output_text.logprobs')) || (typeof top === 'number' && top > 0)
  );
}

function probeInput(input: JsonValue | undefined, limits: ProbeLimits): Media {
  const media: Media = { bytes: 0, count: 0, images: false, documents: false };
  if (typeof input === 'string') return media;
  if (!Array.isArray(input) || input.length === 0) throw bad('input', 'a string or a non-empty array of items');
  if (input.length > limits.messages) throw bad('input', `at most ${limits.messages} items`);
  for (let i = 0; i < input.length; i += 1) {
    const item: unknown = input[i];
    if (!isJsonObject(item)) throw bad(`input[${i}]`, 'an object');
    const content = item['type'] === 'function_call_output' ? item['output'] : item['content'];
    if (Array.isArray(content)) addMedia(content as readonly JsonValue[], media);
  }
  return media;
}

function addMedia(content: readonly JsonValue[], media: Media): void {
  for (const part of content) {
    if (!isJsonObject(part)) continue;
    if (part['type'] === 'input_image') {
      media.images = true;
      media.count += 1;
      const url = part['image_url'];
      if (typeof url === 'string' && url.startsWith('data:')) media.bytes += url.length;
    } else if (part['type'] === 'input_file') {
      media.documents = true;
      media.count += 1;
      const data = part['file_data'];
      if (typeof data === 'string') media.bytes += data.length;
    }
  }
}
