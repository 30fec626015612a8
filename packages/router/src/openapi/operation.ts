import type { JsonObject } from '@atp-router/kernel';
import { ref } from './schema.ts';

export interface AdminOperation {
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** Query parameters: name → schema with its description. */
  readonly query?: Readonly<Record<string, JsonObject>>;
  readonly body?: JsonObject;
  readonly example?: JsonObject;
  /** Schema of the answer. */
  readonly answer: JsonObject;
  /** 200 unless it says otherwise. */
  readonly status?: 200 | 201;
  /** A status beside `status` with the same answer: a PUT that makes what was not there. */
  readonly also?: 201;
  /** Other forms of the answer, by media type. */
  readonly media?: Readonly<Record<string, JsonObject>>;
}

/** Meaning of the `{…}` segments of admin paths. */
const PATH_WORDS: Readonly<Record<string, string>> = {
  id: 'Its id, percent-encoded (a `/` in a model id is `%2F`).',
  tenant: 'Id of the tenant, or `@admin` for keys of the admin API.',
};

/** One operation object of the admin API, under `path` in the notation of OpenAPI. */
export function adminOperation(path: string, spec: AdminOperation): JsonObject {
  const parameters = [...pathParameters(path), ...queryParameters(spec.query ?? {})];
  const content = { 'application/json': { schema: spec.answer }, ...media(spec.media ?? {}) };
  const done = { description: 'Done.', content };
  return {
    operationId: spec.id,
    tags: [spec.tag],
    summary: spec.summary,
    ...(spec.description === undefined ? {} : { description: spec.description }),
    security: [{ admin_key: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(spec.body === undefined ? {} : { requestBody: requestBody(spec.body, spec.example) }),
    responses: {
      [String(spec.status ?? 200)]: done,
      ...(spec.also === undefined ? {} : { [String(spec.also)]: { ...done, description: 'Made.' } }),
      default: {
        description: 'An error; the status is the one of its code.',
        content: { 'application/json': { schema: ref('OpenAiError') } },
      },
    },
  };
}

function requestBody(schema: JsonObject, example: JsonObject | undefined): JsonObject {
  const content = { schema, ...(example === undefined ? {} : { example }) };
  return { required: true, content: { 'application/json': content } };
}

function media(forms: Readonly<Record<string, JsonObject>>): JsonObject {
  return Object.fromEntries(Object.entries(forms).map(([type, schema]) => [type, { schema }]));
}

function pathParameters(path: string): JsonObject[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    ...{ name, in: 'path', required: true },
    description: PATH_WORDS[name] ?? '',
    schema: { type: 'string' },
  }));
}

function queryParameters(query: Readonly<Record<string, JsonObject>>): JsonObject[] {
  return Object.entries(query).map(([name, schema]) => {
    const { description = '', ...rest } = schema;
    return { name, in: 'query', required: false, description, schema: rest };
  });
}
