import { z } from 'zod';

/**
 * What a schema node says beyond JSON Schema's own words. `description` and `writeOnly` (the standard word for a
 * secret) reach the published schema; `expected` and `restart` are for messages and the reference table only.
 */
export interface Facts {
  readonly description: string;
  /** Replaces the generated "expected …" text where a pattern alone would not help a person. */
  readonly expected?: string;
  /** The value is a secret: never shown in a problem, an excerpt or a log. */
  readonly writeOnly?: true;
  /** The value is read at start only; a reload reports that a restart is needed. */
  readonly restart?: true;
}

/** Identifiers of providers, policies, tenants and keys: short, safe in URLs, headers, metric labels and file names. */
export const NAME_PATTERN: RegExp = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** Model and agent ids follow what vendors use (`llama3.2:3b`, `org/model`). */
export const MODEL_PATTERN: RegExp = /^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$/;
// Printable ASCII without spaces: a key goes into a header, where anything else would split or corrupt it.
const SECRET_PATTERN = /^[\x21-\x7e]+$/;
// No user info (it would be logged), no query, no fragment.
const URL_PATTERN = /^https?:\/\/[^\s/?#@\\]+(\/[^\s?#\\]*)?$/;

const DAY_MS = 86_400_000;

export function name(description: string): z.ZodString {
  return z.string().regex(NAME_PATTERN).meta({
    description,
    expected: 'a name of 1 to 64 letters, digits, ".", "_" or "-", starting with a letter or digit',
  });
}

export function modelName(description: string): z.ZodString {
  return z.string().regex(MODEL_PATTERN).meta({
    description,
    expected: 'a name of 1 to 128 letters, digits or any of . _ : / @ + -, starting with a letter or digit',
  });
}

export function text(max_chars: number, facts: Facts): z.ZodString {
  return z
    .string()
    .min(1)
    .max(max_chars)
    .meta({ ...facts });
}

export function secret(description: string): z.ZodString {
  return z
    .string()
    .max(8_192)
    .regex(SECRET_PATTERN)
    .meta({ description, writeOnly: true, expected: 'printable ASCII without spaces, up to 8192 characters' });
}

export function httpUrl(description: string): z.ZodString {
  return z
    .string()
    .max(2_048)
    .regex(URL_PATTERN)
    .meta({ description, expected: 'an http:// or https:// address without user, query or fragment' });
}

/** Address of a server of Valkey or Redis; what a pattern cannot see of it is a rule (`isServerUrl`). */
export function serverUrl(description: string): z.ZodString {
  return z
    .string()
    .max(2_048)
    .regex(/^rediss?:\/\/\S+$/)
    .meta({ description, expected: 'redis://user:password@host:port/database', writeOnly: true, restart: true });
}

/** PEM. */
export function serverCa(description: string): z.ZodString {
  return text(262_144, { description, restart: true });
}

/** What begins all keys on such a server. */
export function keyPrefix(description: string): z.ZodString {
  return z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}$/)
    .meta({ description, expected: '1 to 64 of A-Z a-z 0-9 _ . -', restart: true });
}

/** 32 bytes that routers which share a server seal with. */
export function sealKey(description: string): z.ZodString {
  return z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/)
    .meta({ description, expected: '64 hex digits', writeOnly: true, restart: true });
}

export function int(min: number, max: number, description: string): z.ZodInt {
  return z.int().min(min).max(max).meta({ description });
}

/** Marks what is read at start only. */
export function atStart<S extends z.ZodType>(schema: S): S {
  return schema.meta({ restart: true });
}

export function ratio(description: string): z.ZodNumber {
  return z.number().min(0).max(1).meta({ description });
}

/** Durations are capped at a day: a timer beyond that is a mistake, and Node's timers overflow after 24.8 days. */
export function millis(min: number, description: string): z.ZodInt {
  return int(min, DAY_MS, description);
}

/** Dollars of a budget; the bound is the largest amount one money counter of the kernel holds. */
export function usd(description: string): z.ZodNumber {
  return z.number().min(0).max(9_000_000).meta({ description });
}

/**
 * A price in US dollars per million tokens. At most 900, so that price times the ten million tokens of the widest
 * window stays an exact integer; a whole number of micro-dollars, so that the integer price is the price written.
 */
export function price(description: string): z.ZodNumber {
  return z.number().min(0).max(900).meta({ description, expected: 'a number from 0 to 900 with at most 6 decimals' });
}

/** Dollars of one use of a tool. The dearest that vendors list are some cents: above 100 somebody meant a thousand uses. */
export function perUse(description: string): z.ZodOptional<z.ZodNumber> {
  const usd = z.number().min(0).max(100);
  return usd.meta({ description, expected: 'a number from 0 to 100 with at most 6 decimals' }).optional();
}

/** Header names and values. Framing headers are refused by `rules.ts`. */
export function headers(description: string): z.ZodDefault<z.ZodRecord<z.ZodString, z.ZodString>> {
  const field_name = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/);
  const value = z
    .string()
    .max(8_192)
    .regex(/^[\t\x20-\x7e]*$/)
    .meta({ writeOnly: true, expected: 'printable ASCII on one line, up to 8192 characters' });
  return z
    .record(field_name, value)
    .default({})
    .meta({ description, expected: 'a mapping of header names to values, up to 32' });
}

type DeepReadonly<T> = T extends readonly (infer U)[]
  ? readonly DeepReadonly<U>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

// Assignable both ways is not enough: an optional key that only one side has would pass, so keys are compared too.
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? SameKeys<NonNullable<A>, NonNullable<B>> : false) : false;
type SameKeys<A, B> = [A] extends [readonly (infer U)[]]
  ? [B] extends [readonly (infer V)[]]
    ? Same<U, V>
    : false
  : [A] extends [object]
    ? [keyof A, keyof B] extends [keyof B, keyof A]
      ? false extends { [K in keyof A]-?: K extends keyof B ? Same<A[K], B[K]> : false }[keyof A]
        ? false
        : true
      : false
    : true;

/**
 * Ties a schema to its hand-written type: does not compile when one has a key that the other lacks, or when a value
 * differs. The types are written out because the compiler must emit declarations without inference.
 */
export function typed<T>(): <S extends z.ZodType>(
  schema: S & (Same<DeepReadonly<z.output<S>>, T> extends true ? unknown : never),
) => z.ZodType<T> {
  return (schema) => schema as unknown as z.ZodType<T>;
}
