import { isWireObject, type WireErrorContent, type WireObject } from '@atp-router/wire';
import { AtpInDoubtError, AtpTaskError } from './errors.ts';
import { type ReplyLike, type Runtime, systemRuntime } from './runtime.ts';
import type { AskRequest, ClientOptions, Final, TaskOptions } from './types.ts';

/** One question over HTTP, without a session: `POST /v1/ask`. The same types as a task, and the same errors. */
export async function ask(
  { url, key }: Pick<ClientOptions, 'url' | 'key'>,
  request: AskRequest,
  options: TaskOptions = {},
  runtime: Runtime = systemRuntime(),
): Promise<Final> {
  if (options.max_tokens !== undefined) throw new AtpTaskError(NO_MAX_TOKENS);
  const secret = typeof key === 'string' ? key : await key();
  const init = {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json', ...headersOf(options) },
    body: JSON.stringify({ ...request, stream: false }),
    signal: options.signal,
  };
  let reply: ReplyLike;
  let body: WireObject | undefined;
  try {
    reply = await runtime.fetch(`${url.replace(/\/+$/, '')}/v1/ask`, init);
    body = await bodyOf(reply);
  } catch (thrown) {
    if (options.signal?.aborted === true) throw thrown;
    throw notReached(thrown);
  }
  if (reply.ok && body !== undefined) return body as unknown as Final;
  throw new AtpTaskError(contentOf(body?.['error'], reply.status));
}

/** The runtime does not tell whether the request had been sent. */
function notReached(thrown: unknown): AtpInDoubtError {
  const { message, cause } = thrown instanceof Error ? thrown : { message: String(thrown), cause: undefined };
  const why = cause instanceof Error && cause.message !== '' ? cause.message : message;
  return new AtpInDoubtError({
    code: 'EAGENTDOWN',
    reason: `The router was not reached, or the connection broke: ${why}`,
  });
}

/** A limit on spending that would be passed over in silence is worse than none. */
const NO_MAX_TOKENS: WireErrorContent = {
  code: 'EPROTO',
  reason:
    'ask() cannot limit all tokens of a call: HTTP has no field for "max_tokens". Give "max_usd_micros" or "max_output_tokens", or ask by AtpClient.task().',
  details: { param: 'max_tokens' },
};

/** Nothing for what is no object in JSON: a proxy on the way may have answered. */
async function bodyOf(reply: ReplyLike): Promise<WireObject | undefined> {
  try {
    const body = await reply.json();
    return isWireObject(body) ? body : undefined;
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === 'SyntaxError') return undefined;
    throw thrown;
  }
}

interface AskError {
  readonly code: string;
  readonly wire: string;
  readonly message: string;
  readonly param: string | null;
  readonly origin: string;
  readonly retry_after_ms: number | null;
  readonly request_id: string;
}

function contentOf(error: unknown, status: number): WireErrorContent {
  if (!isAskError(error)) {
    const reason = `The answer has the status ${status}, and is not in the shape of ask: it may be from a proxy on the way.`;
    return { code: status >= 500 ? 'EAGENTDOWN' : 'EPROTO', reason, details: { status } };
  }
  const { code, wire, message, retry_after_ms, request_id, param, origin } = error;
  const details = { error: code, status, origin, request_id, ...(param !== null && { param }) };
  return { code: wire, reason: message, ...(typeof retry_after_ms === 'number' && { retry_after_ms }), details };
}

function isAskError(error: unknown): error is AskError {
  return isWireObject(error) && typeof error['wire'] === 'string' && typeof error['message'] === 'string';
}

function headersOf(options: TaskOptions): Record<string, string> {
  const { qos, task_type, data_scope, deadline_ms, idempotency_key, traceparent, max_usd_micros } = options;
  const told: readonly (readonly [string, string | number | undefined])[] = [
    ['x-atp-qos', qos],
    ['x-atp-task-type', task_type],
    ['x-atp-data-scope', data_scope?.join(',')],
    ['x-atp-deadline-ms', deadline_ms],
    ['x-atp-max-usd', max_usd_micros === undefined ? undefined : (max_usd_micros / 1_000_000).toFixed(6)],
    ['idempotency-key', idempotency_key],
    ['traceparent', traceparent],
  ];
  return Object.fromEntries(told.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])));
}
