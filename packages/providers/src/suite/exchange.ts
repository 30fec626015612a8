import { isJsonObject, type JsonObject } from '@atp-router/kernel';
import { framer, type GenEvent, type GenRequest } from '@atp-router/dialects';
import type { Operation, ProviderDescription } from '../types.ts';
import { endpointUrl } from '../url.ts';
import { check, SuiteFailure } from './check.ts';
import type { SuiteAnswer, SuiteRequest, SuiteTarget } from './types.ts';

/** No answer in these checks is longer; a live endpoint that sends more is cut off. */
const ANSWER_BYTES_MAX = 4_194_304;
const OUT_TOKENS_DEFAULT = 1_024;

export function requestOf(target: SuiteTarget, over: Partial<GenRequest>): GenRequest {
  return {
    source: 'ask',
    model: target.model,
    stream: false,
    include_usage: true,
    system: [],
    messages: [],
    tools: [],
    hosted_tools: [],
    stop: [],
    n: 1,
    max_output_tokens: target.max_output_tokens ?? OUT_TOKENS_DEFAULT,
    extra: {},
    ...over,
  };
}

export function bodyOf(target: SuiteTarget, request: GenRequest): JsonObject {
  const { dialect } = target.provider;
  return dialect.encodeRequest(request, {
    upstream_model: request.model,
    stream: request.stream,
    default_max_output_tokens: target.max_output_tokens ?? OUT_TOKENS_DEFAULT,
    drop: () => false,
  }).body;
}

/** Sends one request as the router would. */
export function send(
  target: SuiteTarget,
  operation: Operation,
  over: { readonly model?: string; readonly stream?: boolean; readonly body?: JsonObject; readonly api_key?: string },
): Promise<SuiteAnswer> {
  const { provider } = target;
  const endpoint = provider.endpoint({
    operation,
    upstream_model: over.model ?? target.model,
    stream: over.stream ?? false,
  });
  check(endpoint !== undefined, `The description has no endpoint for ${operation}.`);
  const request: SuiteRequest = {
    method: endpoint.method,
    ...endpointUrl(provider, target.base_url, endpoint),
    headers: provider.headers(over.api_key ?? target.api_key, target.extra_headers ?? []),
    ...(over.body === undefined ? {} : { body: JSON.stringify(over.body) }),
  };
  checkRequest(provider, request, over.api_key ?? target.api_key);
  return target.transport(request);
}

/** What holds for every request: well-formed headers, and a key that is in them and nowhere else. */
function checkRequest(provider: ProviderDescription, request: SuiteRequest, api_key: string | undefined): void {
  const { headers } = request;
  check(headers.length % 2 === 0, 'Headers are not pairs of name and value.', headers);
  const names = headers.filter((_, i) => i % 2 === 0);
  check(
    names.every((name) => /^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name)),
    'A header name is not a lower-case token.',
    names,
  );
  check(new Set(names).size === names.length, 'A header is sent twice.', names);
  check(headers[names.indexOf('content-type') * 2 + 1] === 'application/json', 'The content type is not JSON.');
  if (!provider.needs_api_key || api_key === undefined) return;
  check(headers.filter((value) => value.includes(api_key)).length === 1, 'The key is not in exactly one header.');
  check(!request.path.includes(api_key) && request.body?.includes(api_key) !== true, 'The key is outside the headers.');
}

export async function bytesOf(answer: SuiteAnswer): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of answer.chunks) {
    pieces.push(piece);
    length += piece.length;
    check(length <= ANSWER_BYTES_MAX, `The answer is longer than ${ANSWER_BYTES_MAX} bytes.`);
  }
  const out = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

export async function textOf(answer: SuiteAnswer): Promise<string> {
  return new TextDecoder().decode(await bytesOf(answer));
}

/** The JSON object of a successful answer. */
export async function jsonOf(answer: SuiteAnswer): Promise<JsonObject> {
  const text = await textOf(answer);
  check(answer.status === 200, `The status is ${answer.status} and not 200.`, text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SuiteFailure(`The answer is not JSON: ${text.slice(0, 200)}`);
  }
  check(isJsonObject(value), 'The answer is not a JSON object.', text);
  return value;
}

export interface DecodedStream {
  readonly events: readonly GenEvent[];
  /** Bytes after the last whole frame. */
  readonly pending_bytes: number;
  /** Number of bytes up to and including the frame that finished the answer; undefined when none did. */
  readonly finished_at?: number;
}

/** Decodes a stream that arrives in pieces of `piece_bytes`. */
export function decodeBytes(provider: ProviderDescription, bytes: Uint8Array, piece_bytes: number): DecodedStream {
  const split = framer(provider.dialect.framing, ANSWER_BYTES_MAX);
  const decoder = provider.dialect.streamDecoder();
  const events: GenEvent[] = [];
  let framed = 0;
  let finished_at: number | undefined;
  for (let at = 0; at < bytes.length; at += piece_bytes) {
    for (const frame of split.push(bytes.subarray(at, at + piece_bytes))) {
      framed += frame.raw.length;
      const more = decoder.push(frame);
      events.push(...more);
      if (more.some((event) => event.type === 'finish')) finished_at ??= framed;
    }
  }
  return { events, pending_bytes: split.pending_bytes, ...(finished_at === undefined ? {} : { finished_at }) };
}
