import type { JsonObject } from '@atp-router/kernel';

/**
 * Where a number may stand that a double does not hold: 16 digits or more, or an exponent of three. Cheap, because it is
 * asked of every body; text that only looks like it costs no more than a second reading.
 */
const SUSPECT: RegExp = /[:,[\s]-?(?:\d[\d.]{15}|\d[\d.]*[eE][+-]?\d{3})/;

/** ECMAScript's JSON.parse with source text, which TypeScript does not declare yet. */
interface SourceJson {
  parse(text: string, revive: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown;
  rawJSON(text: string): unknown;
}

const sourceJson: SourceJson = JSON as unknown as SourceJson;

/** Whether writing this JSON again may change a number in it. */
export function mayBeInexact(text: string): boolean {
  return SUSPECT.test(text);
}

/**
 * For JSON objects that are written again: numbers that would come out otherwise stay as they came, as raw JSON. These
 * are no numbers to anybody but `JSON.stringify`, so what is read of an object is read of another one.
 */
export function parseToRewrite(text: string): JsonObject {
  if (!mayBeInexact(text)) return JSON.parse(text) as JsonObject;
  return sourceJson.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? sourceJson.rawJSON(source) : value,
  ) as JsonObject;
}
