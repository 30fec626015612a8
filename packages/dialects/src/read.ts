import { AtpError, isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';

/** Typed field readers for request bodies: absent and null mean absent, a wrong type is a 400 that names the path. */

export function bad(path: string, expected: string): AtpError {
  return new AtpError('invalid_request', `"${path}" must be ${expected}.`, { param: path });
}

export function str(o: JsonObject, key: string, path: string = key): string | undefined {
  const v = o[key];
  if (v === undefined || v === null) return undefined;
  if (typeof v !== 'string') throw bad(path, 'a string');
  return v;
}

export function needStr(o: JsonObject, key: string, path: string = key): string {
  const v = str(o, key, path);
  if (v === undefined) throw bad(path, 'a string; it is missing');
  return v;
}

export function num(o: JsonObject, key: string, path: string = key): number | undefined {
  const v = o[key];
  if (v === undefined || v === null) return undefined;
  if (typeof v !== 'number') throw bad(path, 'a number');
  return v;
}

export function int(o: JsonObject, key: string, min: number, max: number, path: string = key): number | undefined {
  const v = num(o, key, path);
  if (v === undefined) return undefined;
  if (!Number.isInteger(v) || v < min || v > max) throw bad(path, `an integer from ${min} to ${max}`);
  return v;
}

export function bool(o: JsonObject, key: string, path: string = key): boolean | undefined {
  const v = o[key];
  if (v === undefined || v === null) return undefined;
  if (typeof v !== 'boolean') throw bad(path, 'true or false');
  return v;
}

export function obj(o: JsonObject, key: string, path: string = key): JsonObject | undefined {
  const v = o[key];
  if (v === undefined || v === null) return undefined;
  if (!isJsonObject(v)) throw bad(path, 'an object');
  return v;
}

export function arr(o: JsonObject, key: string, path: string = key): readonly JsonValue[] | undefined {
  const v = o[key];
  if (v === undefined || v === null) return undefined;
  if (!Array.isArray(v)) throw bad(path, 'an array');
  return v as readonly JsonValue[];
}

export function item(v: JsonValue | undefined, path: string): JsonObject {
  if (!isJsonObject(v)) throw bad(path, 'an object');
  return v;
}

/** `{key: value}` or nothing: for fields that must be absent rather than undefined. */
export function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}

/** The fields of `o` that are not in `known`: kept for providers of the same shape. */
export function rest(o: JsonObject, known: ReadonlySet<string>): JsonObject {
  let out: Record<string, JsonValue | undefined> | undefined;
  for (const key in o) {
    if (!known.has(key)) {
      out ??= {};
      out[key] = o[key];
    }
  }
  return out ?? {};
}

/** `data:image/png;base64,…` → media type and data; undefined for any other URL. */
export function parseDataUrl(url: string): { media_type: string; data: string } | undefined {
  if (!url.startsWith('data:')) return undefined;
  const comma = url.indexOf(',');
  const head = url.slice(5, comma);
  if (comma < 0 || !head.endsWith(';base64')) return undefined;
  return { media_type: head.slice(0, -7), data: url.slice(comma + 1) };
}
