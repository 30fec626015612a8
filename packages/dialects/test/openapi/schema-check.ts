import { dataPlaneFragment } from '@atp-router/dialects';
import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';

const KEYWORDS = new Set([
  ...['$ref', 'type', 'const', 'enum', 'anyOf', 'oneOf', 'properties', 'required', 'items', 'description', 'default'],
  ...['minimum', 'maximum', 'minItems', 'maxItems', 'pattern'],
]);

export function schemaOf(name: string): JsonObject {
  const schema = dataPlaneFragment.schemas[name];
  if (!isJsonObject(schema)) throw new Error(`there is no schema "${name}"`);
  return schema;
}

/**
 * What is wrong with a value, as paths; empty when it fits. Knows the keywords that the fragments use and throws on any
 * other, so that no part of a schema goes unchecked.
 */
export function faults(value: JsonValue | undefined, schema: JsonObject, path = '$'): string[] {
  for (const key of Object.keys(schema)) if (!KEYWORDS.has(key)) throw new Error(`keyword "${key}" is not checked`);
  if (typeof schema['$ref'] === 'string') {
    return faults(value, schemaOf(schema['$ref'].replace('#/components/schemas/', '')), path);
  }
  return [
    ...(typeof schema['type'] === 'string' && !isOfType(value, schema['type'])
      ? [`${path}: not ${schema['type']}`]
      : []),
    ...('const' in schema && value !== schema['const'] ? [`${path}: not ${JSON.stringify(schema['const'])}`] : []),
    ...(Array.isArray(schema['enum']) && !schema['enum'].includes(value) ? [`${path}: ${JSON.stringify(value)}`] : []),
    ...ofOptions(value, schema, path),
    ...ofBounds(value, schema, path),
    ...ofObject(value, schema, path),
    ...(Array.isArray(value) && isJsonObject(schema['items']) ? ofItems(value, schema['items'], path) : []),
  ];
}

function isOfType(value: JsonValue | undefined, type: string): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isJsonObject(value);
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}

function schemas(value: JsonValue | undefined): JsonObject[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]).filter(isJsonObject) : [];
}

function ofOptions(value: JsonValue | undefined, schema: JsonObject, path: string): string[] {
  const any = schemas(schema['anyOf']).map((option) => faults(value, option, path));
  const one = schemas(schema['oneOf']).filter((option) => faults(value, option, path).length === 0);
  return [
    ...(any.length > 0 && any.every((list) => list.length > 0)
      ? [`${path}: fits none of (${any.flat().join('; ')})`]
      : []),
    ...(schema['oneOf'] !== undefined && one.length !== 1 ? [`${path}: fits ${one.length} alternatives`] : []),
  ];
}

function ofBounds(value: JsonValue | undefined, schema: JsonObject, path: string): string[] {
  const { minimum, maximum, minItems, maxItems, pattern } = schema;
  const size = Array.isArray(value) ? value.length : 0;
  const wrong =
    (typeof minimum === 'number' && typeof value === 'number' && value < minimum) ||
    (typeof maximum === 'number' && typeof value === 'number' && value > maximum) ||
    (typeof minItems === 'number' && Array.isArray(value) && size < minItems) ||
    (typeof maxItems === 'number' && Array.isArray(value) && size > maxItems) ||
    (typeof pattern === 'string' && typeof value === 'string' && !new RegExp(pattern, 'u').test(value));
  return wrong ? [`${path}: out of bounds`] : [];
}

function ofObject(value: JsonValue | undefined, schema: JsonObject, path: string): string[] {
  if (!isJsonObject(value)) return [];
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? (schema['required'] as readonly string[]) : [];
  return [
    ...required.filter((key) => value[key] === undefined).map((key) => `${path}.${key}: missing`),
    ...Object.entries(properties).flatMap(([key, inner]) =>
      value[key] !== undefined && isJsonObject(inner) ? faults(value[key], inner, `${path}.${key}`) : [],
    ),
  ];
}

function ofItems(value: readonly JsonValue[], items: JsonObject, path: string): string[] {
  return value.flatMap((v, i) => faults(v, items, `${path}[${i}]`));
}
