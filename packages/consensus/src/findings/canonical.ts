import type { Finding, Severity } from '../answer.ts';
import { foldText } from '../text/fold.ts';
import { hash64 } from '../text/hash.ts';
import { type AliasTable, aliasKey } from './aliases.ts';

/** What a finding is of that says no type, or one without a letter. */
export const UNTYPED = 'other';

/** The type that a name stands for; one that the table does not know stays, without case and separators. */
export function canonicalType(name: string, table: AliasTable): string {
  const key = aliasKey(name);
  return table.types.get(key) ?? (key === '' ? UNTYPED : key);
}

/** Undefined for a word that is no severity. */
export function canonicalSeverity(name: string, table: AliasTable): Severity | undefined {
  return table.severities.get(aliasKey(name));
}

/**
 * The path that a name of a file stands for: `/` between its parts, none of them `.` or empty, `..` resolved where it can
 * be, and the longest alias of its beginning replaced, once.
 */
export function canonicalFile(name: string, table: AliasTable): string {
  const slashed = name.trim().replaceAll('\\', '/');
  const alias = table.files.find(([from]) => from !== '' && slashed.startsWith(from));
  const path = alias === undefined ? slashed : `${alias[1]}${slashed.slice(alias[0].length)}`;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else parts.push(part);
  }
  return `${path.startsWith('/') ? '/' : ''}${parts.join('/')}`;
}

/** The same for the same type, place and words, whoever says it and however grave. */
export function findingId(finding: Pick<Finding, 'type' | 'file' | 'span' | 'claim'>): string {
  const { type, file, span, claim } = finding;
  const place = span === undefined ? '' : `${span.start_line}-${span.end_line}`;
  return `f-${hash64(JSON.stringify([type, file, place, foldText(claim)]))}`;
}

/** A finding in the words of the table, with the id that follows from them. Idempotent where no alias leads to another. */
export function canonicalFinding(finding: Finding, table: AliasTable): Finding {
  const renamed = {
    ...finding,
    type: canonicalType(finding.type, table),
    file: canonicalFile(finding.file, table),
    evidence: finding.evidence.map((one) => ({ ...one, file: canonicalFile(one.file, table) })),
  };
  return { ...renamed, id: findingId(renamed) };
}
