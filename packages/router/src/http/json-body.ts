import { isUtf8 } from 'node:buffer';
import { mayBeInexact, parseToRewrite } from '@atp-router/dialects';
import { AtpError, isJsonObject, jsonDepth, type JsonObject, type JsonValue, type Limits } from '@atp-router/kernel';
import type { HttpExchange } from '@atp-router/adapters';
import type { PromptSize } from '@atp-router/flow';
import { hasMoreValues } from './json-values.ts';

export interface ParsedBody {
  readonly json: JsonObject;
  readonly bytes: Buffer;
  /** UTF-16 length of the text; the difference to its bytes says how much of it is not ASCII. */
  readonly chars: number;
  /** The same, to be written again with the numbers as they came; absent where a double holds each of them. */
  readonly exact?: () => JsonObject;
}

/**
 * Refuses bodies that cannot be JSON before they are read: compressed ones and forms with files. A missing or plain
 * content type passes, because tools like curl send one that says nothing.
 */
export function assertJsonBody(exchange: Pick<HttpExchange, 'header'>): void {
  const encoding = exchange.header('content-encoding');
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw unsupported('content-encoding', 'Send the body uncompressed: no content encoding is understood here.');
  }
  if (exchange.header('content-type')?.toLowerCase().startsWith('multipart/') === true) {
    throw unsupported('content-type', 'Send a JSON object with "content-type: application/json".');
  }
}

function unsupported(param: string, message: string): AtpError {
  return new AtpError('unsupported_media_type', message, { param });
}

/** Fields at the top of a body: no API has a tenth of it, and each unknown one is looked at by name. */
const FIELDS_MAX = 256;

/** Body bytes → JSON object within the limits. Throws `invalid_request`. */
export function parseBody(bytes: Buffer, limits: Pick<Limits, 'json_depth' | 'json_values'>): ParsedBody {
  const { json_depth, json_values } = limits;
  if (bytes.length === 0) {
    throw new AtpError('invalid_request', 'The request has no body. Send a JSON object.', { param: 'body' });
  }
  // Decoding would put a mark in the place of what is none, and the prompt would be another.
  if (!isUtf8(bytes)) throw new AtpError('invalid_request', 'The request body is not UTF-8.', { param: 'body' });
  if (hasMoreValues(bytes, json_values)) {
    throw new AtpError('invalid_request', `The request body has more than ${json_values} elements and fields.`, {
      param: 'body',
    });
  }
  const text = bytes.toString('utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new AtpError('invalid_request', `The request body is not valid JSON: ${reason(cause)}`, { param: 'body' });
  }
  if (!isJsonObject(json))
    throw new AtpError('invalid_request', 'The request body must be a JSON object.', { param: 'body' });
  if (Object.keys(json).length > FIELDS_MAX) {
    throw new AtpError('invalid_request', `The request body has more than ${FIELDS_MAX} fields.`, { param: 'body' });
  }
  if (jsonDepth(json, json_depth) > json_depth) {
    throw new AtpError('invalid_request', `The request body is nested deeper than ${json_depth} levels.`, {
      param: 'body',
    });
  }
  const chars = text.length;
  return mayBeInexact(text)
    ? { json, bytes, chars, exact: () => parseToRewrite(bytes.toString('utf8')) }
    : { json, bytes, chars };
}

/** V8's message quotes a piece of the body; prompts do not belong into logs and errors, the position does. */
function reason(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : '';
  const position = /at position \d+( \(line \d+ column \d+\))?/.exec(message)?.[0];
  if (position !== undefined) return `unexpected text ${position}.`;
  return message.includes('end of JSON') ? 'it ends too early.' : 'it is malformed.';
}

/**
 * Size of a prompt from its body. In UTF-8 a character beyond ASCII takes one or two bytes more than it has UTF-16
 * units, so the surplus tells the share of other scripts without looking at each character.
 */
export function promptSize(
  body: ParsedBody,
  media_bytes: number,
  counts: { messages: number; tools: number; media: number },
): PromptSize {
  const surplus = body.bytes.length - body.chars;
  const other_bytes = Math.min(body.bytes.length, Math.round(surplus * 1.5));
  return {
    ascii_bytes: Math.max(0, body.bytes.length - other_bytes - media_bytes - settingsBytes(body.json)),
    other_bytes,
    messages: counts.messages,
    tools: counts.tools,
    images: counts.media,
  };
}

/** Fields of all shapes that a model reads. The others are settings: no provider counts them as a prompt. */
const PROMPT_FIELDS: ReadonlySet<string> = new Set([
  ...['messages', 'input', 'system', 'instructions', 'prompt', 'tools', 'functions'],
  ...['response_format', 'text', 'output_format', 'output_config'],
]);

/** What the settings take of a body without white space: name, quotes, colon, comma and value. */
function settingsBytes(json: JsonObject): number {
  let bytes = 0;
  for (const name in json) {
    if (!PROMPT_FIELDS.has(name)) bytes += name.length + 4 + jsonLength(json[name]);
  }
  return bytes;
}

function jsonLength(value: JsonValue | undefined): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value === 'object' && value !== null) return JSON.stringify(value).length;
  return String(value).length;
}
