import type { z } from 'zod';
import { complaint, expectation, holdsSecret, listKeys, nodeAt } from './describe.ts';
import { isFutureKey, isFutureValue } from './future-keys.ts';
import { type SchemaNode, schemaTree } from './json-schema.ts';
import { type Draft, formatPath, type Path, type Segment, shorten } from './problem.ts';
import { configSchema } from './schema.ts';
import type { Located } from './source.ts';
import { suggest } from './suggest.ts';
import type { Config } from './types.ts';

type Issue = z.core.$ZodIssue;

export interface ShapeResult {
  /** Present when the data has the documented shape, with all defaults. */
  readonly config: Config | undefined;
  /** The data with numbers and booleans that came as text from `${…}`. */
  readonly data: unknown;
  readonly drafts: readonly Draft[];
}

// One look for the data as it is, one after text became numbers and over-long lists were cut, one to confirm.
const LOOKS_MAX = 3;

/** Checks keys, types and bounds. Reports everything at once, also inside a list that is itself too long. */
export function checkShape(data: unknown, root: Located): ShapeResult {
  const drafts = new Map<string, Draft>();
  let current = data;
  let too_long = false;
  // Only needed for words, and it takes milliseconds to make.
  let tree: SchemaNode | undefined;
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const parsed = configSchema.safeParse(current);
    if (parsed.success)
      return { config: too_long ? undefined : parsed.data, data: current, drafts: [...drafts.values()] };
    const issues = flatten(parsed.error.issues);
    tree ??= schemaTree();
    const repaired = repair(current, issues, root);
    for (const issue of issues) {
      if (repaired.coerced.has(formatPath(segments(issue.path)))) continue;
      for (const draft of describe(issue, current, root, tree)) remember(drafts, draft);
    }
    too_long ||= repaired.cut;
    if (!repaired.cut && repaired.coerced.size === 0) break;
    current = repaired.data;
  }
  return { config: undefined, data: current, drafts: [...drafts.values()] };
}

function remember(drafts: Map<string, Draft>, draft: Draft): void {
  const key = `${draft.part} ${formatPath(draft.path)}`;
  if (!drafts.has(key)) drafts.set(key, draft);
}

function segments(path: readonly PropertyKey[]): Segment[] {
  return path.map((part) => (typeof part === 'number' ? part : String(part)));
}

/** What a branch says of a value that is not of its kind at all. */
const WRONG_KIND: ReadonlySet<string> = new Set(['invalid_type', 'invalid_value']);

/** A union reports one list of issues for each branch; the one branch that takes values of this kind is what the author meant. */
function flatten(issues: readonly Issue[]): Issue[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'invalid_union') return [issue];
    const of_kind = issue.errors.filter(
      (branch) => !branch.some(({ code, path }) => WRONG_KIND.has(code ?? '') && path.length === 0),
    );
    const inner = of_kind.length === 1 ? of_kind[0] : undefined;
    return inner === undefined
      ? [issue]
      : flatten(inner.map((entry) => ({ ...entry, path: [...issue.path, ...entry.path] })));
  });
}

interface Repaired {
  readonly data: unknown;
  readonly coerced: ReadonlySet<string>;
  readonly cut: boolean;
}

/**
 * What can be read on: text from `${…}` where a number or boolean belongs becomes one, and a list that is too long is
 * cut, because the schema does not look into it otherwise.
 */
function repair(data: unknown, issues: readonly Issue[], root: Located): Repaired {
  const coerced = new Set<string>();
  let cut = false;
  let copy: unknown;
  for (const issue of issues) {
    const path = segments(issue.path);
    const value = valueAt(data, path);
    let next: unknown;
    if (issue.code === 'invalid_type' && typeof value === 'string' && locate(root, path)?.secret === true) {
      next = fromText(value, issue.expected);
      if (next !== undefined) coerced.add(formatPath(path));
    } else if (issue.code === 'too_big' && Array.isArray(value)) {
      next = value.slice(0, Number(issue.maximum));
      cut = true;
    }
    if (next === undefined) continue;
    copy ??= structuredClone(data);
    setAt(copy, path, next);
  }
  return { data: copy ?? data, coerced, cut };
}

function fromText(text: string, expected: string): number | boolean | undefined {
  if (expected === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined;
  const numeric = expected === 'number' || expected === 'int';
  return numeric && /^-?\d{1,16}(\.\d{1,16})?$/.test(text) ? Number(text) : undefined;
}

function describe(issue: Issue, data: unknown, root: Located, tree: SchemaNode): Draft[] {
  const path = segments(issue.path);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, tree));
  if (issue.code === 'invalid_key') {
    return [
      draft(path, 'key', `key ${quote(path.at(-1))} is not allowed here`, expectation(nodeAt(tree, path.slice(0, -1)))),
    ];
  }
  const node = nodeAt(tree, path);
  const value = valueAt(data, path);
  const where = path.length === 0 ? 'the file' : quote(path.at(-1));
  if (path.length === 0 && (value ?? null) === null)
    return [draft(path, 'value', 'the file is empty', expectation(node))];
  if (value === undefined)
    return [{ ...draft(path, 'value', `${where} is missing`, expectation(node)), kind: 'absent' }];
  const at = locate(root, path);
  const got = at?.raw !== undefined && holdsSecret(node) ? undefined : shown(value, at);
  if (isFutureValue(general(path), value) && at?.secret !== true) {
    return [
      { ...draft(path, 'value', `${quote(value)} is not supported by this version`, expectation(node)), got: value },
    ];
  }
  const near =
    typeof value === 'string' && at?.secret !== true ? suggest(value, (node?.enum ?? []).map(String)) : undefined;
  return [
    {
      ...draft(path, 'value', `${where} ${complaint(node, value)}`, expectation(node)),
      // A key without a value is what a fault of syntax below it leaves behind.
      kind: value === null ? 'absent' : 'present',
      ...(got === undefined ? {} : { got }),
      ...(near === undefined ? {} : { suggestion: near }),
    },
  ];
}

function unknownKey(path: Path, key: string, tree: SchemaNode): Draft {
  const own = [...path, key];
  const node = nodeAt(tree, path);
  const parent = node?.properties === undefined ? node?.anyOf?.find((branch) => branch.properties) : node;
  if (isFutureKey(general(path), key)) {
    return draft(
      own,
      'key',
      `${quote(key)} is not supported by this version`,
      'no such key until a version that supports it',
    );
  }
  if (key === '<<') {
    return draft(
      own,
      'key',
      'merge keys ("<<") are not read',
      'the keys themselves, or an alias (*name) as a whole value',
    );
  }
  const known = Object.keys(parent?.properties ?? {});
  const near = suggest(key, known);
  const expected = parent === undefined ? 'a documented key' : `one of ${listKeys(parent)}`;
  return {
    ...draft(own, 'key', `unknown key ${quote(key)}`, expected),
    ...(near === undefined ? {} : { suggestion: near }),
  };
}

function draft(path: Path, part: Draft['part'], message: string, expected: string): Draft {
  return { path, part, kind: 'present', message, expected };
}

function quote(segment: Segment | undefined): string {
  return typeof segment === 'number' ? `entry ${segment}` : `"${shorten(segment ?? '')}"`;
}

/** The value as written. An address is cut where a password or a key could stand. */
export function shown(value: unknown, at: Located | undefined): string | undefined {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'a mapping';
  if (at?.raw === undefined) return undefined;
  const raw = at.raw === '' ? (value === null ? 'nothing' : '""') : at.raw;
  return shorten(raw.replace(/\/\/[^/]*@/g, '//…@').replace(/\?.*$/s, '?…'));
}

export function locate(root: Located, path: Path): Located | undefined {
  let at: Located | undefined = root;
  for (const segment of path) at = at?.children.get(segment);
  return at;
}

function general(path: Path): string {
  return formatPath(path).replace(/\[\d+\]/g, '[]');
}

export function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const segment of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = (value as Record<Segment, unknown>)[segment];
  }
  return value;
}

function setAt(data: unknown, path: Path, value: unknown): void {
  const parent = valueAt(data, path.slice(0, -1));
  const last = path.at(-1);
  if (typeof parent === 'object' && parent !== null && last !== undefined)
    (parent as Record<Segment, unknown>)[last] = value;
}
