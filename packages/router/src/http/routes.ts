import type { HttpExchange, TokenCounterWorker } from '@atp-router/adapters';
import { openaiChat, openaiEmbedIngress } from '@atp-router/dialects';
import { AtpError } from '@atp-router/kernel';
import type { Engine } from '../engine/engine.ts';
import { CountTokens } from './count-tokens-endpoint.ts';
import { type CallEndpoint, DataPlane, generateEndpoint } from './data-plane.ts';
import { embedOperation } from './embed-endpoint.ts';
import type { FeedbackDesk } from '../fanout/learn/feedback-desk.ts';
import { FEEDBACK_PATH, FeedbackEndpoint } from './feedback-endpoint.ts';
import { generateOperation } from './generate-endpoint.ts';
import { listModels, oneModel } from './models-endpoint.ts';
import { guarded, replyError, requestId } from './reply.ts';
import type { RouterTable } from './router-table.ts';
import { COUNT_TOKENS_PATH, EMBEDDINGS, INGRESS_SHAPES, shapeAt } from './shapes.ts';

/** The data plane's endpoints. */
export function addDataPlane(
  table: RouterTable,
  engine: Engine,
  counter: TokenCounterWorker,
  feedback: FeedbackDesk,
): void {
  const plane = new DataPlane(engine);
  const call = (path: string, endpoint: CallEndpoint): void => {
    table.add('POST', path, (exchange) => plane.call(exchange, endpoint));
  };
  for (const { endpoint, path, dialect } of INGRESS_SHAPES) {
    call(path, generateEndpoint(endpoint, dialect, generateOperation));
  }
  call(EMBEDDINGS.path, {
    endpoint: EMBEDDINGS.endpoint,
    errors: { ...openaiChat, encodeError: openaiEmbedIngress.encodeError },
    operation: (body) => embedOperation(body),
  });
  const counts = new CountTokens(engine, counter);
  table.add('POST', COUNT_TOKENS_PATH, (exchange) => counts.handle(exchange));
  const given = new FeedbackEndpoint(engine, feedback);
  table.add('POST', FEEDBACK_PATH, (exchange) => given.handle(exchange));
  table.add(
    'GET',
    '/v1/models',
    guarded(engine, (exchange) => listModels(exchange, engine)),
  );
  table.add(
    'GET',
    '/v1/models/:id',
    guarded(engine, (exchange, [id = '']) => oneModel(exchange, engine, id)),
  );
}

/** Finds and runs the handler of a request; unknown paths and methods get a clear answer. */
export function serve(table: RouterTable, engine: Engine): (exchange: HttpExchange) => void {
  return (exchange) => {
    const match = table.match(exchange.method, exchange.path);
    if (match.kind === 'found') {
      match.handler(exchange, match.params);
      return;
    }
    if (match.kind === 'wrong_method') {
      const error = new AtpError(
        'method_not_allowed',
        `${exchange.path} takes ${match.allow}, not ${exchange.method}.`,
      );
      replyError(exchange, error, requestId(engine), ['allow', match.allow], shapeAt(exchange.path));
      return;
    }
    const message = `There is no ${exchange.method} ${exchange.path.slice(0, 200)}. GET /openapi.json lists what there is.`;
    replyError(exchange, new AtpError('not_found', message), requestId(engine));
  };
}
