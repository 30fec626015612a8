import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import { openApiDocument } from '../../src/openapi/document.ts';
import type { Reply } from './http.ts';

/** What the document says of one operation. */
export interface Documented {
  readonly method: string;
  readonly path: string;
  readonly spec: JsonObject;
}

export const DOCUMENT: JsonObject = openApiDocument('1.2.3');

export const OPERATIONS: readonly Documented[] = Object.entries(DOCUMENT['paths'] as JsonObject).flatMap(
  ([path, item]) =>
    Object.entries(item as JsonObject).map(([method, spec]) => ({ method, path, spec: spec as JsonObject })),
);

/** Where a reply differs from what the document says of it; empty when nowhere. */
export function violations(method: string, url_path: string, reply: Reply): string[] {
  const path = url_path.replace(/\?.*$/s, '');
  const operation = OPERATIONS.find((one) => one.method === method.toLowerCase() && matches(one.path, path));
  if (operation === undefined)
    return reply.status === 404 || reply.status === 405 ? [] : [`${method} ${path} is not documented`];
  const responses = operation.spec['responses'] as JsonObject;
  const response = responses[String(reply.status)] ?? (reply.status >= 400 ? responses['default'] : undefined);
  if (!isJsonObject(response)) return [`${method} ${path}: status ${reply.status} is not documented`];
  const type = String(reply.headers['content-type']).replace(/;.*$/, '');
  const form = (response['content'] as JsonObject)[type];
  if (!isJsonObject(form)) return [`${method} ${path}: ${type} is not documented`];
  if (type !== 'application/json') return [];
  return faults(form['schema'] as JsonObject, reply.json as JsonObject, `${method} ${path} ${reply.status}`);
}

function matches(template: string, path: string): boolean {
  return new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path);
}

/** The part of JSON Schema 2020-12 that the document uses. */
function faults(schema: JsonObject, value: JsonValue | undefined, at: string): string[] {
  if (schema['writeOnly'] === true) return value === '***' ? [] : [`${at}: a secret is shown`];
  const { $ref, anyOf, type } = schema;
  if (typeof $ref === 'string') return faults(resolve($ref), value, at);
  if (Array.isArray(anyOf)) {
    const branches = anyOf.map((branch) => faults(branch as JsonObject, value, at));
    return branches.some((found) => found.length === 0) ? [] : (branches[0] ?? []);
  }
  if (Array.isArray(schema['enum']))
    return schema['enum'].includes(value ?? null) ? [] : [`${at}: ${String(value)} is not in the list`];
  if (!isType(type, value)) return [`${at}: ${JSON.stringify(value)?.slice(0, 80)} is not ${String(type)}`];
  if (Array.isArray(value))
    return value.flatMap((item, i) => faults((schema['items'] ?? {}) as JsonObject, item, `${at}[${i}]`));
  return isJsonObject(value) ? objectFaults(schema, value, at) : [];
}

function objectFaults(schema: JsonObject, value: JsonObject, at: string): string[] {
  const properties = (schema['properties'] ?? {}) as JsonObject;
  const required = (schema['required'] ?? []) as readonly string[];
  const missing = required.filter((name) => value[name] === undefined).map((name) => `${at}: ${name} is missing`);
  const more = schema['additionalProperties'];
  const fields = Object.entries(value).flatMap(([name, child]) => {
    const known = properties[name];
    if (isJsonObject(known)) return faults(known, child, `${at}.${name}`);
    if (isJsonObject(more)) return faults(more, child, `${at}.${name}`);
    return more === false ? [`${at}: ${name} is not documented`] : [];
  });
  return [...missing, ...fields];
}

function isType(type: JsonValue | undefined, value: JsonValue | undefined): boolean {
  switch (type) {
    case undefined:
      return true;
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isJsonObject(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

export function resolve(reference: string): JsonObject {
  let node: JsonValue | undefined = DOCUMENT;
  for (const name of reference.replace(/^#\//, '').split('/')) node = isJsonObject(node) ? node[name] : undefined;
  if (!isJsonObject(node)) throw new Error(`${reference} leads nowhere`);
  return node;
}
