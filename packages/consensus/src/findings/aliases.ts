import { isJsonObject } from '@atp-router/kernel';
import type { Severity } from '../answer.ts';

/** Canonical names of one kind, and most aliases of one of them; more are refused when the table is read. */
export const ALIASES_MAX = 1_000;
export const ALIAS_CHARS_MAX = 200;

export const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info'];

/** A table of synonyms as it is written: canonical names, each with its aliases. */
export interface AliasSource {
  readonly types?: Readonly<Record<string, readonly string[]>>;
  readonly severities?: Readonly<Record<string, readonly string[]>>;
  /** Beginnings of paths: `{'src/': ['./src/', 'repo/src/']}`. The canonical one may be empty. */
  readonly files?: Readonly<Record<string, readonly string[]>>;
}

/** A table of synonyms as it is asked: by alias, in the form of `aliasKey`. */
export interface AliasTable {
  readonly types: ReadonlyMap<string, string>;
  readonly severities: ReadonlyMap<string, Severity>;
  /** Aliases of beginnings of paths with what stands for them, the longest first. */
  readonly files: readonly (readonly [alias: string, canonical: string])[];
}

export interface AliasComplaint {
  /** Where: `['types', 'sql_injection', 2]`. */
  readonly path: readonly (string | number)[];
  readonly why: string;
}

export type AliasesRead =
  | { readonly kind: 'table'; readonly table: AliasTable }
  | { readonly kind: 'complaints'; readonly complaints: readonly AliasComplaint[] };

/** A name without case, accents of typing and separators: `SQL Injection`, `sql-injection` and `sqlInjection` are one. */
export function aliasKey(name: string): string {
  return name
    .slice(0, ALIAS_CHARS_MAX)
    .normalize('NFKC')
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1_$2')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, '_')
    .replace(/^_|_$/g, '');
}

type Complain = (path: readonly (string | number)[], why: string) => void;

/** Pairs of alias and canonical name of one kind, each alias once. */
function pairsOf(
  value: unknown,
  kind: string,
  keyOf: (name: string) => string,
  complain: Complain,
): [string, string][] {
  if (value === undefined) return [];
  if (!isJsonObject(value)) {
    complain([kind], 'must be an object of lists: {canonical: [aliases]}');
    return [];
  }
  const pairs = new Map<string, string>();
  const names = Object.entries(value);
  if (names.length > ALIASES_MAX) complain([kind], `has ${names.length} names; at most ${ALIASES_MAX}`);
  for (const [name, aliases] of names.slice(0, ALIASES_MAX)) {
    const path = [kind, name];
    if (!Array.isArray(aliases) || aliases.length > ALIASES_MAX) {
      complain(path, `must be a list of at most ${ALIASES_MAX} aliases`);
      continue;
    }
    const own = keyOf(name);
    [name, ...(aliases as unknown[])].forEach((alias, at) => {
      const where = at === 0 ? path : [...path, at - 1];
      if (typeof alias !== 'string' || alias.length > ALIAS_CHARS_MAX)
        complain(where, `must be a text of at most ${ALIAS_CHARS_MAX} characters`);
      else if (keyOf(alias) === '' && kind !== 'files') complain(where, 'has no letter and no digit');
      else {
        const taken = pairs.get(keyOf(alias));
        if (taken !== undefined && taken !== own) complain(where, `is an alias of ${taken} already`);
        else pairs.set(keyOf(alias), own);
      }
    });
  }
  return [...pairs];
}

/** A table on top of another: what it says of a name counts, also for what the one below leads to that name. */
export function overlaid(below: AliasTable, above: AliasTable): AliasTable {
  const over = <T extends string>(from: ReadonlyMap<string, T>, by: ReadonlyMap<string, T>): Map<string, T> =>
    new Map([...[...from].map(([alias, name]): [string, T] => [alias, by.get(name) ?? name]), ...by]);
  const taken = new Set(above.files.map(([alias]) => alias));
  const files = [...above.files, ...below.files.filter(([alias]) => !taken.has(alias))];
  return {
    types: over(below.types, above.types),
    severities: over(below.severities, above.severities),
    files: files.sort(longestFirst),
  };
}

function longestFirst([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return b.length - a.length || (a < b ? -1 : 1);
}

/** A table of synonyms out of what a file says, or what is wrong with it. */
export function readAliases(value: unknown): AliasesRead {
  const complaints: AliasComplaint[] = [];
  const complain: Complain = (path, why) => void complaints.push({ path, why });
  if (!isJsonObject(value)) return { kind: 'complaints', complaints: [{ path: [], why: 'must be an object' }] };
  for (const name of Object.keys(value)) {
    if (!['types', 'severities', 'files'].includes(name))
      complain([name], 'is not known; known are types, severities, files');
  }
  const types = pairsOf(value['types'], 'types', aliasKey, complain);
  const severities = pairsOf(value['severities'], 'severities', aliasKey, complain).flatMap(
    ([alias, name]): [string, Severity][] => {
      const severity = SEVERITIES.find((one) => one === name);
      if (severity !== undefined) return [[alias, severity]];
      complain(['severities', name], `is not a severity; those are ${SEVERITIES.join(', ')}`);
      return [];
    },
  );
  const files = pairsOf(value['files'], 'files', (name) => name.replaceAll('\\', '/'), complain)
    .filter(([alias, name]) => alias !== name)
    .sort(longestFirst);
  if (complaints.length > 0) return { kind: 'complaints', complaints };
  return { kind: 'table', table: { types: new Map(types), severities: new Map(severities), files } };
}
