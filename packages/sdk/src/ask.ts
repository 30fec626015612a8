import type { WireErrorContent } from '@atp-router/wire';
import { AtpTaskError } from './errors.ts';
import { type Runtime, systemRuntime } from './runtime.ts';
import type { AskRequest, ClientOptions, Final, TaskOptions } from './types.ts';

/** One question over HTTP, without a session: `POST /v1/ask`. The same types as a task, and the same errors. */
export async function ask(
  { url, key }: Pick<ClientOptions, 'url' | 'key'>,
  request: AskRequest,
  options: TaskOptions = {},
  runtime: Runtime = systemRuntime(),
): Promise<Final> {
  const secret = typeof key === 'string' ? key : await key();
  const reply = await runtime.fetch(`${url.replace(/\/+$/, '')}/v1/ask`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json', ...headersOf(options) },
    body: JSON.stringify({ ...request, stream: false }),
    signal: options.signal,
  });
  const body = (await reply.json()) as { readonly error?: AskError } & Final;
  if (reply.ok) return body;
  throw new AtpTaskError(contentOf(body.error, reply.status));
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

function contentOf(error: AskError | undefined, status: number): WireErrorContent {
  if (error === undefined) return { code: 'EPROTO', reason: `The router answered ${status} without an error.` };
  const { code, wire, message, retry_after_ms, request_id, param, origin } = error;
  const details = { error: code, origin, request_id, ...(param !== null && { param }) };
  return { code: wire, reason: message, ...(retry_after_ms !== null && { retry_after_ms }), details };
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
