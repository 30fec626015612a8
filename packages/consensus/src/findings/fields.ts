import { clip, type JsonObject } from '@atp-router/kernel';
import type { Citation, Span } from '../answer.ts';
import { parseCitation } from '../text/citation.ts';
import type { AliasTable } from './aliases.ts';
import { canonicalFile } from './canonical.ts';

/** Most of each part of a finding, in characters or pieces; what goes beyond is cut off and not reported. */
export const FINDING_LIMITS = {
  claim_chars: 2_000,
  fix_chars: 8_000,
  file_chars: 512,
  quote_chars: 1_000,
  test_chars: 200,
  evidence: 32,
  tests: 32,
  line: 10_000_000,
} as const;

/** What cannot be read of a part, and why. */
export type Complain = (part: string, why: string) => void;

/** The first of several members that is there and not null. */
export function firstOf(entry: JsonObject, ...names: readonly string[]): unknown {
  return names
    .map((name) => (Object.hasOwn(entry, name) ? entry[name] : undefined))
    .find((one) => one !== undefined && one !== null);
}

/** A text with something in it, bounded; undefined for anything else, which is told when it is not simply absent. */
export function textIn(value: unknown, part: string, max: number, complain: Complain): string | undefined {
  if (value === undefined) return undefined;
  const text = typeof value === 'string' ? value.trim() : typeof value === 'number' ? `${value}` : undefined;
  if (text === undefined) complain(part, 'is not a text');
  return text === undefined || text === '' ? undefined : clip(text, max);
}

const isLine = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= FINDING_LIMITS.line;

function spanOf(start: unknown, end: unknown): Span | undefined {
  const last = end ?? start;
  return isLine(start) && isLine(last) && last >= start ? { start_line: start, end_line: last } : undefined;
}

/** Lines as models write them: `12`, `"10-12"`, `"L10-L12"`, `[10, 12]`, `{start_line, end_line}`, `{start, end}`. */
function readSpan(value: unknown): Span | undefined {
  if (typeof value === 'number') return spanOf(value, value);
  if (Array.isArray(value)) return value.length <= 2 ? spanOf(value[0], value[1]) : undefined;
  if (typeof value === 'string') {
    const match = /^[lL]?(\d{1,8})(?: ?[-–—:] ?[lL]?(\d{1,8}))?$/.exec(value.trim().slice(0, 40));
    return match === null ? undefined : spanOf(Number(match[1]), match[2] === undefined ? undefined : Number(match[2]));
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const entry = value as JsonObject;
  return spanOf(
    firstOf(entry, 'start_line', 'start', 'from', 'line'),
    firstOf(entry, 'end_line', 'end', 'to') as number | undefined,
  );
}

/** The span of an entry, from a member of its own or from `start_line` and `end_line` beside its file. */
export function spanIn(entry: JsonObject, complain: Complain): Span | undefined {
  const value = firstOf(entry, 'span', 'lines', 'range');
  const start = firstOf(entry, 'start_line', 'line', 'line_number');
  if (value === undefined && start === undefined) return undefined;
  const span = value === undefined ? spanOf(start, firstOf(entry, 'end_line')) : readSpan(value);
  const read = span ?? (value === undefined ? readSpan(start) : undefined);
  if (read === undefined) complain('span', `is no range of lines from 1 to ${FINDING_LIMITS.line}`);
  return read;
}

function citationIn(value: unknown, table: AliasTable, part: string, complain: Complain): Citation | undefined {
  if (typeof value === 'string') {
    const cited = parseCitation(value.trim().slice(0, FINDING_LIMITS.file_chars));
    if (cited !== undefined) return { ...cited, file: canonicalFile(cited.file, table) };
    complain(part, 'is no citation such as src/a.ts:10-12');
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    complain(part, 'is neither a text nor an object');
    return undefined;
  }
  const entry = value as JsonObject;
  const named = textIn(firstOf(entry, 'file', 'path', 'document'), `${part}.file`, FINDING_LIMITS.file_chars, complain);
  if (named === undefined) {
    complain(part, 'names no file');
    return undefined;
  }
  const cited = parseCitation(named);
  const within: Complain = (inner, why) => complain(`${part}.${inner}`, why);
  const span = spanIn(entry, within) ?? cited?.span;
  const quote = textIn(
    firstOf(entry, 'quote', 'text', 'code', 'snippet'),
    `${part}.quote`,
    FINDING_LIMITS.quote_chars,
    complain,
  );
  return { file: canonicalFile(cited?.file ?? named, table), span, quote };
}

/** Citations of an entry; one that cannot be read is left out and told. */
export function evidenceIn(value: unknown, table: AliasTable, complain: Complain): Citation[] {
  if (value === undefined) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value.slice(0, FINDING_LIMITS.evidence) : [value];
  return list.flatMap((one, at) => citationIn(one, table, `evidence[${at}]`, complain) ?? []);
}

export function testsIn(value: unknown, complain: Complain): string[] {
  if (value === undefined) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value.slice(0, FINDING_LIMITS.tests) : [value];
  const tests = list.flatMap((one, at) => textIn(one, `tests[${at}]`, FINDING_LIMITS.test_chars, complain) ?? []);
  return [...new Set(tests)];
}

/** 0 to 1; above 1 and up to 100 it is read as percent. */
export function confidenceIn(value: unknown, complain: Complain): number | undefined {
  if (value === undefined) return undefined;
  const number = typeof value === 'string' && /^\d{1,3}(\.\d{1,6})?%?$/.test(value) ? Number.parseFloat(value) : value;
  if (typeof number === 'number' && number >= 0 && number <= 100) {
    const isPercent = number > 1 || (typeof value === 'string' && value.endsWith('%'));
    return isPercent ? number / 100 : number;
  }
  complain('confidence', 'is no number from 0 to 1');
  return undefined;
}
