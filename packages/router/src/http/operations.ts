import type { RouterMetrics } from '@atp-router/adapters';
import { AtpError, isAtpError } from '@atp-router/kernel';
import type { Engine } from '../engine/engine.ts';
import { authenticateAdmin } from './authenticate.ts';
import { isLocal } from './local.ts';
import { replyError, replyJson } from './reply.ts';
import type { RouterTable } from './router-table.ts';
import { guarded, requestId } from './reply.ts';

export interface OperationsParts {
  readonly engine: Engine;
  readonly metrics: Pick<RouterMetrics, 'render' | 'content_type'>;
  readonly version: string;
  /** Why the router cannot take calls now, if it cannot. */
  readonly unready: () => string | undefined;
}

/** `/healthz`, `/readyz`, `/metrics`. */
export function addOperations(table: RouterTable, parts: OperationsParts): void {
  const { engine, metrics, version } = parts;
  table.add('GET', '/healthz', (exchange) => replyJson(exchange, 200, { status: 'ok', version }));
  table.add('GET', '/readyz', (exchange) => {
    const reason = engine.is_draining ? 'draining' : parts.unready();
    if (reason === undefined) replyJson(exchange, 200, { status: 'ready' });
    else replyJson(exchange, 503, { status: 'not_ready', reason });
  });
  const scrape = guarded(engine, (exchange) => {
    // Metrics name tenants and their cost: only a scraper on the same machine may read them without a key.
    if (!isLocal(exchange)) authenticateAdmin(exchange, engine.generation, engine.parts.hash);
    metrics.render().then(
      (text) => exchange.reply(200, ['content-type', metrics.content_type], text),
      (cause: unknown) => replyError(exchange, unread(cause), requestId(engine)),
    );
  });
  table.add('GET', '/metrics', scrape);
}

/** Another process may have been asked, and says itself what is wrong. */
function unread(cause: unknown): AtpError {
  if (!isAtpError(cause)) return new AtpError('internal_error', 'The metrics could not be rendered.', { cause });
  const message = `The metrics of all processes could not be read. ${cause.message}`;
  return new AtpError('backpressure', message, { retry_after_ms: 1_000, cause });
}
