import { ALIAS_CHARS_MAX, ALIASES_MAX, readAliases } from '@atp-router/consensus';
import { fault, type Inventory, isRecord, nameAt } from './inventory.ts';
import { type Draft, shorten } from './problem.ts';
import { valueAt } from './shape.ts';

const AT = ['consensus', 'aliases'] as const;

/** Aliases of findings: one that stands for two names, a severity that there is not, a name without a letter. */
export function checkAliases(inventory: Inventory): Draft[] {
  const given = valueAt(inventory.data, [...AT]);
  if (!isRecord(given)) return [];
  const read = readAliases(formed(given));
  if (read.kind === 'table') return [];
  return read.complaints.map(({ path, why }) => {
    const at = [...AT, ...path];
    const expected = 'a name that is told from all others';
    // Of a name without its list only the key is at fault.
    if (path.length < 3)
      return fault(inventory, at, `"${shorten(String(path.at(-1)))}" ${why}`, expected, { part: 'key' });
    return fault(inventory, at, `${nameAt(inventory, at)} ${why}`, expected);
  });
}

/** What of it has the right form: the schema tells what has not. */
function formed(given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const kinds = ['types', 'severities', 'files'].flatMap((kind) => {
    const lists = given[kind];
    if (!isRecord(lists)) return [];
    const good = Object.entries(lists).filter(
      ([name, list]) => isName(name) && Array.isArray(list) && list.length <= ALIASES_MAX && list.every(isName),
    );
    return [[kind, Object.fromEntries(good)] as const];
  });
  return Object.fromEntries(kinds);
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value.length <= ALIAS_CHARS_MAX;
}
