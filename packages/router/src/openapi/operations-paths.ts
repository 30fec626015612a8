import type { JsonObject } from '@atp-router/kernel';
import { record, ref, text, words } from './schema.ts';

function answer(description: string, type: string, schema: JsonObject): JsonObject {
  return { description, content: { [type]: { schema } } };
}

function get(id: string, summary: string, responses: JsonObject, more: JsonObject = {}): JsonObject {
  return { get: { operationId: id, tags: ['operations'], summary, ...more, responses } };
}

const READY = record({ status: words('State.', ['ready', 'not_ready']), reason: text('Why not.') }, ['reason']);

/** What load balancers, scrapers and readers ask for. */
export const OPERATIONS_PATHS: JsonObject = {
  '/healthz': get('getHealth', 'Whether the process lives.', {
    '200': answer(
      'It does.',
      'application/json',
      record({ status: words('State.', ['ok']), version: text('Version.') }),
    ),
  }),
  '/readyz': get('getReadiness', 'Whether it takes calls.', {
    '200': answer('It does.', 'application/json', READY),
    '503': answer('It drains, or cannot write its journal.', 'application/json', READY),
  }),
  '/metrics': get(
    'getMetrics',
    'Prometheus metrics.',
    {
      '200': answer('Metrics.', 'text/plain', { type: 'string' }),
      default: answer('An error.', 'application/json', ref('OpenAiError')),
    },
    {
      description:
        'Free for a scraper on this machine that asks for a loopback address; else, and through a proxy, with an admin key.',
      security: [{}, { admin_key: [] }],
    },
  ),
  '/openapi.json': get('getOpenApi', 'This document.', {
    '200': answer('OpenAPI 3.1.', 'application/json', { type: 'object' }),
  }),
  '/asyncapi.json': get('getAsyncApi', 'The same for the Agent Transport Protocol.', {
    '200': answer('AsyncAPI 3.0.', 'application/json', { type: 'object' }),
  }),
  '/schemas/frame.json': get('getFrameSchema', 'The JSON Schema of its frames.', {
    '200': answer('JSON Schema, draft 2020-12.', 'application/schema+json', { type: 'object' }),
  }),
  '/docs': get('getDocs', 'This document for people.', {
    '200': answer('A page.', 'text/html', { type: 'string' }),
  }),
};
