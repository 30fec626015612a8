import type { JsonObject } from '@atp-router/kernel';

/** Words for JSON Schema 2020-12, so that the lists of fields read as lists of fields. */
export function text(description: string, more: JsonObject = {}): JsonObject {
  return { type: 'string', description, ...more };
}

export function int(description: string, more: JsonObject = {}): JsonObject {
  return { type: 'integer', description, ...more };
}

export function num(description: string, more: JsonObject = {}): JsonObject {
  return { type: 'number', description, ...more };
}

export function flag(description: string): JsonObject {
  return { type: 'boolean', description };
}

export function words(description: string, values: readonly string[]): JsonObject {
  return { type: 'string', enum: values, description };
}

export function list(items: JsonObject, description?: string): JsonObject {
  return { type: 'array', items, ...(description === undefined ? {} : { description }) };
}

export function orNull(schema: JsonObject): JsonObject {
  const { description, ...rest } = schema;
  return { anyOf: [rest, { type: 'null' }], ...(description === undefined ? {} : { description }) };
}

export function ref(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

/** An object of exactly these fields. `optional` names those that may be absent. */
export function record(properties: JsonObject, optional: readonly string[] = [], description?: string): JsonObject {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return {
    type: 'object',
    ...(description === undefined ? {} : { description }),
    properties,
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

/** One page of a list. */
export function pageOf(items: JsonObject): JsonObject {
  return record({
    data: list(items),
    next_cursor: orNull(text('Hand it in as `cursor` for the next page; null on the last one.')),
  });
}
