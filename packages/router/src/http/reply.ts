import type { HttpExchange } from '@atp-router/adapters';
import { openaiChat } from '@atp-router/dialects';
import type { AtpError } from '@atp-router/kernel';
import { errorHeaders } from './headers.ts';

const JSON_HEADERS: readonly string[] = ['content-type', 'application/json', 'cache-control', 'no-store'];

export function replyJson(exchange: HttpExchange, status: number, body: unknown): void {
  exchange.reply(status, JSON_HEADERS, JSON.stringify(body));
}

/** Errors of paths that belong to no API shape are in OpenAI's, which most clients can read. */
export function replyError(
  exchange: HttpExchange,
  error: AtpError,
  request_id: string,
  extra: readonly string[] = [],
): void {
  const { status, body } = openaiChat.encodeError(error, request_id);
  const headers = [...JSON_HEADERS, 'x-atp-request-id', request_id, ...extra];
  errorHeaders(error, headers);
  exchange.reply(status, headers, JSON.stringify(body));
}
