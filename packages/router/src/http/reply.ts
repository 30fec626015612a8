import type { HttpExchange } from '@atp-router/adapters';
import { type IngressDialect, openaiChat } from '@atp-router/dialects';
import { type AtpError, toAtpError } from '@atp-router/kernel';
import type { Engine } from '../engine/engine.ts';
import { errorHeaders } from './headers.ts';
import type { Handler } from './router-table.ts';

const JSON_HEADERS: readonly string[] = ['content-type', 'application/json', 'cache-control', 'no-store'];

export function replyJson(
  exchange: HttpExchange,
  status: number,
  body: unknown,
  extra: readonly string[] = NOTHING,
): void {
  exchange.reply(status, [...JSON_HEADERS, ...extra], JSON.stringify(body));
}

const NOTHING: readonly string[] = [];

/** Errors are in OpenAI's shape, which most clients can read, where the path belongs to none of its own. */
export function replyError(
  exchange: HttpExchange,
  error: AtpError,
  request_id: string,
  extra: readonly string[] = NOTHING,
  shape: Pick<IngressDialect, 'encodeError'> = openaiChat,
): void {
  const { status, body } = shape.encodeError(error, request_id);
  const headers = [...JSON_HEADERS, 'x-atp-request-id', request_id, ...extra];
  errorHeaders(error, headers);
  exchange.reply(status, headers, JSON.stringify(body));
}

/** A handler whose errors are answered instead of thrown. */
export function guarded(engine: Engine, handler: Handler): Handler {
  return (exchange, params) => {
    try {
      handler(exchange, params);
    } catch (error) {
      replyError(exchange, toAtpError(error), requestId(engine));
    }
  };
}

export function requestId(engine: Engine): string {
  const { call_ids, clock } = engine.parts.ambient;
  return call_ids.next(clock.now_ms());
}
