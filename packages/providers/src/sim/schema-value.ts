import { isJsonObject, type JsonObject, type JsonValue, type Rng, randomInt } from '@atp-router/kernel';
import { hashText, pick } from './draw.ts';
import { word } from './words.ts';

/** Deeper than any schema that a person wrote; recursion through `$ref` ends here. */
const DEPTH_MAX = 12;
const ITEMS_MAX = 64;
const CHARS_MAX = 4_096;

/**
 * A value that satisfies a simple JSON Schema: types, properties, items, enum, const, bounds, common formats, `$ref`
 * within the document, anyOf, oneOf and allOf. `pattern`, `not` and conditions are not looked at.
 */
export function valueFor(schema: JsonObject, rng: Rng): JsonValue {
  return make(schema, { root: schema, rng }, 0);
}

interface Ctx {
  readonly root: JsonObject;
  readonly rng: Rng;
}

function make(schema: JsonValue | undefined, ctx: Ctx, depth: number): JsonValue {
  if (!isJsonObject(schema) || depth > DEPTH_MAX) return null;
  if (schema['const'] !== undefined) return schema['const'];
  const choices = schema['enum'];
  if (Array.isArray(choices) && choices.length > 0) return pick(ctx.rng, choices as readonly JsonValue[], null);
  const merged = resolve(schema, ctx, depth);
  if (merged !== schema) return make(merged, ctx, depth + 1);
  switch (typeOf(schema, depth)) {
    case 'object':
      return makeObject(schema, ctx, depth);
    case 'array':
      return makeArray(schema, ctx, depth);
    case 'integer':
    case 'number':
      return makeNumber(schema, ctx);
    case 'boolean':
      return ctx.rng.next() < 0.5;
    case 'string':
      return makeString(schema, ctx.rng);
    default:
      return null;
  }
}

/** `$ref`, `allOf`, `anyOf` and `oneOf` replaced by what they stand for; the schema itself when it has none. */
function resolve(schema: JsonObject, ctx: Ctx, depth: number): JsonObject {
  const ref = schema['$ref'];
  if (typeof ref === 'string') {
    const { $ref: _ref, ...beside } = schema;
    return { ...lookUp(ctx.root, ref), ...beside };
  }
  const all = objectsIn(schema['allOf']);
  if (all.length > 0) {
    const { allOf: _all, ...beside } = schema;
    return all
      .map((part) => (typeof part['$ref'] === 'string' ? resolve(part, ctx, depth) : part))
      .reduce(join, beside);
  }
  const any = objectsIn(schema['anyOf'] ?? schema['oneOf']);
  if (any.length > 0) {
    const { anyOf: _any, oneOf: _one, ...beside } = schema;
    // Near the bound the last branch: by custom that is `null` or the plainest, and it ends recursion.
    const branch = depth > DEPTH_MAX / 2 ? any[any.length - 1] : any[0];
    return join(beside, branch ?? {});
  }
  return schema;
}

function objectsIn(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]).filter(isJsonObject) : [];
}

function join(a: JsonObject, b: JsonObject): JsonObject {
  const properties = { ...objectIn(a['properties']), ...objectIn(b['properties']) };
  const required = [...namesIn(a['required']), ...namesIn(b['required'])];
  return {
    ...a,
    ...b,
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    ...(required.length === 0 ? {} : { required }),
  };
}

function objectIn(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function namesIn(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]).filter((v) => typeof v === 'string') : [];
}

/** `#`, `#/$defs/x`, `#/definitions/x`: a JSON pointer (RFC 6901) into the same document. */
function lookUp(root: JsonObject, ref: string): JsonObject {
  let at: JsonValue | undefined = root;
  for (const step of ref
    .replace(/^#\/?/, '')
    .split('/')
    .filter((s) => s !== '')) {
    const key = percentDecoded(step).replaceAll('~1', '/').replaceAll('~0', '~');
    at = isJsonObject(at) ? at[key] : undefined;
  }
  return objectIn(at);
}

/** Pointers in `$ref` are URI fragments; a broken escape is taken literally. */
function percentDecoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}

function typeOf(schema: JsonObject, depth: number): string {
  const type = schema['type'];
  if (typeof type === 'string') return type;
  const types = namesIn(type);
  if (types.length > 0) {
    if (depth > DEPTH_MAX / 2 && types.includes('null')) return 'null';
    return types.find((t) => t !== 'null') ?? 'null';
  }
  if (schema['properties'] !== undefined) return 'object';
  if (schema['items'] !== undefined) return 'array';
  return 'string';
}

function makeObject(schema: JsonObject, ctx: Ctx, depth: number): JsonObject {
  const out: Record<string, JsonValue> = {};
  const properties = objectIn(schema['properties']);
  const required = new Set(namesIn(schema['required']));
  for (const [name, inner] of Object.entries(properties)) {
    // What may be left away is left away where the schema gets deep, so that recursive schemas end.
    if (!required.has(name) && depth > DEPTH_MAX / 3) continue;
    out[name] = make(inner, ctx, depth + 1);
  }
  for (const name of required) if (out[name] === undefined) out[name] = word(ctx.rng);
  return out;
}

function makeArray(schema: JsonObject, ctx: Ctx, depth: number): JsonValue[] {
  const prefix = Array.isArray(schema['prefixItems']) ? (schema['prefixItems'] as readonly JsonValue[]) : [];
  const min = Math.min(ITEMS_MAX, bound(schema, 'minItems') ?? 0);
  const max = Math.min(ITEMS_MAX, bound(schema, 'maxItems') ?? Math.max(min, prefix.length, 2));
  const wanted =
    depth > DEPTH_MAX / 3 ? min : Math.min(max, Math.max(min, prefix.length, 1 + randomInt(ctx.rng, 0, 1)));
  return Array.from({ length: wanted }, (_, i) => make(prefix[i] ?? schema['items'] ?? {}, ctx, depth + 1));
}

function bound(schema: JsonObject, key: string): number | undefined {
  const value = schema[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function makeNumber(schema: JsonObject, ctx: Ctx): number {
  const step = bound(schema, 'multipleOf') ?? (schema['type'] === 'integer' ? 1 : 0.5);
  const above = bound(schema, 'exclusiveMinimum');
  const below = bound(schema, 'exclusiveMaximum');
  const max_given = bound(schema, 'maximum') ?? below;
  const min = bound(schema, 'minimum') ?? above ?? Math.min(0, max_given ?? 0);
  const max = max_given ?? min + 100 * step;
  let first = Math.ceil(min / step);
  let last = Math.floor(max / step);
  if (above !== undefined && first * step <= above) first += 1;
  if (below !== undefined && last * step >= below) last -= 1;
  // No multiple fits: the bound itself is the nearest that can be said.
  return first > last ? min : Number((randomInt(ctx.rng, first, last) * step).toPrecision(12));
}

function makeString(schema: JsonObject, rng: Rng): string {
  const format = schema['format'];
  const made = typeof format === 'string' ? FORMATS[format]?.(rng) : undefined;
  if (made !== undefined) return made;
  const min = Math.min(CHARS_MAX, bound(schema, 'minLength') ?? 0);
  const max = Math.min(CHARS_MAX, bound(schema, 'maxLength') ?? CHARS_MAX);
  let text = word(rng);
  while (text.length < min) text += ` ${word(rng)}`;
  return text.slice(0, Math.max(min, max));
}

const FORMATS: Readonly<Record<string, (rng: Rng) => string>> = {
  date: (rng) => isoDate(rng).slice(0, 10),
  time: (rng) => isoDate(rng).slice(11),
  'date-time': isoDate,
  email: (rng) => `${word(rng)}@example.com`,
  uri: (rng) => `https://example.com/${word(rng)}`,
  hostname: (rng) => `${word(rng)}.example.com`,
  ipv4: (rng) => `192.0.2.${randomInt(rng, 1, 254)}`,
  uuid: (rng) => {
    const hex = Array.from({ length: 4 }, (_, i) =>
      hashText(String(i), Math.floor(rng.next() * 0xffffffff))
        .toString(16)
        .padStart(8, '0'),
    ).join('');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
  },
};

/** Some second of the year 2026. */
function isoDate(rng: Rng): string {
  const start_ms = Date.UTC(2026, 0, 1);
  return new Date(start_ms + randomInt(rng, 0, 31_535_999) * 1_000).toISOString().replace('.000', '');
}
