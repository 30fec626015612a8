import type { JsonObject, JsonValue } from '@atp-router/kernel';

/** A schema without the declaration of its own draft, which is not among the keywords that Gemini takes. */
export function encodeSchema(schema: JsonObject): JsonObject {
  if (schema['$schema'] === undefined) return schema;
  const out: Record<string, JsonValue | undefined> = { ...schema };
  delete out['$schema'];
  return out;
}
