import type { JsonObject } from '@atp-router/kernel';
import type { AtpField, RoutePlan, StreamEncodeContext, StreamEncoder } from '../dialect.ts';
import { foldEvents } from '../fold.ts';
import type { GenEvent } from '../event.ts';
import { encodeResponse, encodeRoute } from './response.ts';

/** One named SSE event whose data says its type again, for clients that see only the data. */
export function sseEvent(type: string, fields: JsonObject): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

/** The first event of every `ask` stream: what the router means to do. Written before any provider has answered. */
export function encodePlan(plan: RoutePlan): string {
  return sseEvent('plan', encodeRoute(plan));
}

/**
 * Events → `chunk` events and one `final`, which is the whole answer. What was streamed is kept for it; the driver's
 * limit on stream length bounds it.
 */
export function streamEncoder(ctx: StreamEncodeContext): StreamEncoder {
  const seen: GenEvent[] = [];
  return {
    push(event: GenEvent): string {
      seen.push(event);
      const chunk = chunkOf(event);
      return chunk === undefined ? '' : sseEvent('chunk', chunk);
    },
    provisional: (fields) => sseEvent('provisional', fields),
    finish(atp: AtpField): string {
      const response = { ...foldEvents(seen), created_s: ctx.created_s };
      return sseEvent('final', encodeResponse(response, { ...ctx, atp }));
    },
  };
}

function chunkOf(event: GenEvent): JsonObject | undefined {
  switch (event.type) {
    case 'text':
    case 'refusal':
    case 'thinking':
      return event.delta === '' ? undefined : { choice: event.choice, kind: event.type, delta: event.delta };
    case 'tool_call':
      return { choice: event.choice, kind: 'tool_call', index: event.index, id: event.id, name: event.name };
    case 'tool_args':
      return { choice: event.choice, kind: 'tool_args', index: event.index, delta: event.delta };
    default:
      return undefined;
  }
}
