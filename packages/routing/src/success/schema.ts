import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';

/** Comparisons of one answer; what takes more says nothing. */
const STEPS_MAX = 20_000;
/** Deeper is not looked at. */
const DEPTH_MAX = 32;

/**
 * Whether a value is of a JSON Schema (draft 2020-12): 1 or 0; undefined: that would take too long. Of its words these are held
 * against it: `type`, `enum`, `const`, `properties`, `required`, `additionalProperties`, `items`, `anyOf`, `oneOf` (as `anyOf`),
 * `allOf`, `minimum`, `maximum`, `minLength`, `maxLength`, `minItems`, `maxItems`. Others, such as `pattern` and `$ref`, ask nothing of it.
 */
export function schemaScore(value: JsonValue, schema: JsonValue): number | undefined {
  const look = { left: STEPS_MAX };
  const fits = isOf(value, schema, look, 0);
  return look.left <= 0 ? undefined : Number(fits);
}

interface Look {
  left: number;
}

function isOf(value: JsonValue, schema: JsonValue | undefined, look: Look, depth: number): boolean {
  look.left -= 1;
  if (look.left <= 0 || depth > DEPTH_MAX) return true;
  if (schema === false) return false;
  if (!isJsonObject(schema)) return true;
  return (
    hasType(value, schema['type']) &&
    isOneOf(value, schema, look) &&
    isWithin(value, schema) &&
    areMembersOf(value, schema, look, depth) &&
    areItemsOf(value, schema, look, depth) &&
    isOfThese(value, schema, look, depth)
  );
}

function hasType(value: JsonValue, type: JsonValue | undefined): boolean {
  if (type === undefined) return true;
  const names = Array.isArray(type) ? type : [type];
  return names.some((name) => {
    switch (name) {
      case 'null':
        return value === null;
      case 'array':
        return Array.isArray(value);
      case 'object':
        return isJsonObject(value);
      case 'integer':
        return Number.isInteger(value);
      case 'number':
      case 'string':
      case 'boolean':
        return typeof value === name;
      default:
        return true;
    }
  });
}

function isOneOf(value: JsonValue, schema: JsonObject, look: Look): boolean {
  const among = schema['enum'];
  if (Array.isArray(among)) {
    look.left -= among.length;
    if (look.left > 0 && !among.some((one) => isSame(one as JsonValue, value))) return false;
  }
  const constant = schema['const'];
  return constant === undefined || isSame(constant, value);
}

/** Of values that hold others the order of members counts: they are hardly ever named so. */
function isSame(one: JsonValue, other: JsonValue): boolean {
  if (typeof one !== 'object' || one === null) return one === other;
  return JSON.stringify(one) === JSON.stringify(other);
}

function isWithin(value: JsonValue, schema: JsonObject): boolean {
  if (typeof value === 'number') return isBetween(value, schema['minimum'], schema['maximum']);
  if (typeof value === 'string') return isBetween(value.length, schema['minLength'], schema['maxLength']);
  return !Array.isArray(value) || isBetween(value.length, schema['minItems'], schema['maxItems']);
}

function isBetween(size: number, min: JsonValue | undefined, max: JsonValue | undefined): boolean {
  return !(typeof min === 'number' && size < min) && !(typeof max === 'number' && size > max);
}

function areMembersOf(value: JsonValue, schema: JsonObject, look: Look, depth: number): boolean {
  if (!isJsonObject(value)) return true;
  const { required, properties, additionalProperties: others } = schema;
  if (Array.isArray(required)) {
    look.left -= required.length;
    if (required.some((name) => typeof name === 'string' && !Object.hasOwn(value, name))) return false;
  }
  const known = isJsonObject(properties) ? properties : {};
  return Object.entries(value).every(([name, member]) =>
    member === undefined ? true : isOf(member, Object.hasOwn(known, name) ? known[name] : others, look, depth + 1),
  );
}

function areItemsOf(value: JsonValue, schema: JsonObject, look: Look, depth: number): boolean {
  const { items } = schema;
  if (!Array.isArray(value) || items === undefined) return true;
  return value.every((one) => isOf(one as JsonValue, items, look, depth + 1));
}

function isOfThese(value: JsonValue, schema: JsonObject, look: Look, depth: number): boolean {
  const of = (one: unknown): boolean => isOf(value, one as JsonValue, look, depth + 1);
  const { allOf: all } = schema;
  if (Array.isArray(all) && !all.every(of)) return false;
  return [schema['anyOf'], schema['oneOf']].every((some) => !Array.isArray(some) || some.some(of));
}
