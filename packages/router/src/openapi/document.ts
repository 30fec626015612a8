import { dataPlaneFragment } from '@atp-router/dialects';
import { isJsonObject, type JsonObject } from '@atp-router/kernel';
import { ADMIN_PATHS, ADMIN_TAGS } from './admin-paths.ts';
import { adminSchemas } from './admin-schemas.ts';
import { AGENTS_PATHS, AGENTS_SCHEMAS, AGENTS_TAGS } from './agents-paths.ts';
import { CONSENSUS_PATHS } from './consensus-paths.ts';
import { CONSENSUS_SCHEMAS } from './consensus-schemas.ts';
import { LIFECYCLE_PATHS, LIFECYCLE_SCHEMAS } from './lifecycle-paths.ts';
import { OBSERVATIONS_PATHS, OBSERVATIONS_SCHEMAS } from './observations-paths.ts';
import { CACHE_PATHS, CACHE_SCHEMAS } from './cache-paths.ts';
import { SAVINGS_PATHS, SAVINGS_SCHEMAS } from './savings-paths.ts';
import { ROUTING_PATHS, ROUTING_SCHEMAS } from './routing-paths.ts';
import { FEEDBACK_PATHS, LEARNING_SCHEMAS, REPUTATION_PATHS } from './learning-paths.ts';
import { FRAMES_PATHS, FRAMES_TAGS } from './frames-paths.ts';
import { OBSERVE_SCHEMAS } from './observe-schemas.ts';
import { FLOW_SCHEMAS } from './flow-schemas.ts';
import { SESSION_SCHEMAS } from './session-schemas.ts';
import { OPERATIONS_PATHS } from './operations-paths.ts';

const INTRO =
  'A gateway that agent systems run on: the APIs of OpenAI and Anthropic, and one of its own, in front of any provider; with budgets, fallback and a journal of record. Errors carry a code of one catalogue, whatever their shape.';

/** The OpenAPI 3.1 description of everything that the router serves. Throws when two parts define the same name. */
export function openApiDocument(version: string): JsonObject {
  const schemas = disjoint([
    ...[
      dataPlaneFragment.schemas,
      adminSchemas(),
      OBSERVE_SCHEMAS,
      SESSION_SCHEMAS,
      CONSENSUS_SCHEMAS,
      LEARNING_SCHEMAS,
      OBSERVATIONS_SCHEMAS,
      ROUTING_SCHEMAS,
      SAVINGS_SCHEMAS,
      CACHE_SCHEMAS,
      LIFECYCLE_SCHEMAS,
      FLOW_SCHEMAS,
      AGENTS_SCHEMAS,
    ],
  ]);
  return {
    openapi: '3.1.0',
    info: {
      ...{ title: 'ATP Router', version, description: INTRO },
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [
      ...dataPlaneFragment.tags,
      ...FRAMES_TAGS,
      ...ADMIN_TAGS,
      ...AGENTS_TAGS,
      { name: 'operations', description: 'Health, metrics, documents.' },
    ],
    paths: disjoint([
      withSecurity({ ...dataPlaneFragment.paths, ...FRAMES_PATHS, ...FEEDBACK_PATHS }),
      ADMIN_PATHS,
      CONSENSUS_PATHS,
      REPUTATION_PATHS,
      OBSERVATIONS_PATHS,
      ROUTING_PATHS,
      SAVINGS_PATHS,
      CACHE_PATHS,
      LIFECYCLE_PATHS,
      AGENTS_PATHS,
      OPERATIONS_PATHS,
    ]),
    components: {
      schemas,
      securitySchemes: {
        tenant_key: { type: 'http', scheme: 'bearer', description: 'Key of a tenant.' },
        tenant_x_api_key: {
          type: 'apiKey',
          in: 'header',
          name: 'x-api-key',
          description: 'The same, as Anthropic sends it.',
        },
        admin_key: { type: 'http', scheme: 'bearer', description: 'Key of the admin API.' },
      },
    },
  };
}

/** Every operation of the data plane takes a tenant's key, in either header. */
function withSecurity(paths: JsonObject): JsonObject {
  const security = [{ tenant_key: [] }, { tenant_x_api_key: [] }];
  return mapped(paths, (item) => mapped(item, (operation) => ({ security, ...operation })));
}

function mapped(object: JsonObject, change: (value: JsonObject) => JsonObject): JsonObject {
  const entries = Object.entries(object).map(([key, value]) => [key, isJsonObject(value) ? change(value) : value]);
  return Object.fromEntries(entries) as JsonObject;
}

function disjoint(parts: readonly JsonObject[]): JsonObject {
  const all: [string, JsonObject[string]][] = parts.flatMap((part) => Object.entries(part));
  const names = new Set(all.map(([name]) => name));
  if (names.size === all.length) return Object.fromEntries(all);
  const twice = all.map(([name]) => name).find((name, i, every) => every.indexOf(name) !== i);
  throw new Error(`the document defines "${twice}" twice`);
}
