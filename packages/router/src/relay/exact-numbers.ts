import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';

/**
 * The body that a patch made of `asked`, with the numbers of `exact`, which is the same text read so that they keep their
 * digits. The patch itself has to read numbers, so it works on what was asked; all that it left alone is exchanged here.
 */
export function withExactNumbers(patched: JsonObject, asked: JsonObject, exact: JsonObject): JsonObject {
  const twins = new Map<unknown, JsonValue>();
  pair(asked, exact, twins);
  return Object.fromEntries(
    Object.entries(patched).map(([key, value]) => [key, value === asked[key] ? exact[key] : exchange(value, twins)]),
  );
}

function pair(a: JsonValue | undefined, b: JsonValue | undefined, twins: Map<unknown, JsonValue>): void {
  if (typeof a !== 'object' || a === null || b === undefined) return;
  twins.set(a, b);
  const from = a as Readonly<Record<string, JsonValue>>;
  const to = b as Readonly<Record<string, JsonValue>>;
  for (const key of Object.keys(from)) pair(from[key], to[key], twins);
}

function exchange(value: JsonValue | undefined, twins: ReadonlyMap<unknown, JsonValue>): JsonValue | undefined {
  const twin = twins.get(value);
  if (twin !== undefined) return twin;
  if (Array.isArray(value)) {
    return (value as readonly JsonValue[]).map((entry) => exchange(entry, twins) as JsonValue);
  }
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, exchange(entry, twins)]));
}
