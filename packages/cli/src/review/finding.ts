import { compareFindings, type Finding, SEVERITIES, type Severity, severityRank } from '@atp-router/consensus';
import { clip } from '@atp-router/kernel';
import { isRow, type Row } from '../print/table.ts';

/** What became of a citation, see `CitationVerdict` of the consensus room. */
export interface CheckedPlace {
  readonly file: string;
  readonly start_line: number | undefined;
  readonly end_line: number | undefined;
  readonly verdict: string;
}

/** A finding of a review, with who gave it and how its citations were found. */
export interface ReviewFinding extends Finding {
  /** Who gave it, each once, personas by their id. */
  readonly found_by: readonly string[];
  /** Part of those who answered that gave it, 0 to 1. */
  readonly agreement: number | undefined;
  /** Worth of its evidence, 0 to 1; undefined: it could not be held against anything. */
  readonly evidence_score: number | undefined;
  readonly citations: readonly CheckedPlace[];
  /** A citation of it names what is not there. */
  readonly is_false: boolean;
}

const FALSE: ReadonlySet<string> = new Set(['quote_missing', 'out_of_bounds', 'unknown_file']);
const FINDINGS_MAX = 2_000;
const LIST_MAX = 64;

/** Findings as a router gives them beside its answer. Anything else that is in the list is left out. */
export function findingsIn(value: unknown): readonly ReviewFinding[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.slice(0, FINDINGS_MAX).flatMap((entry: unknown) => (isRow(entry) ? (findingOf(entry) ?? []) : []));
}

function findingOf(row: Row): ReviewFinding | undefined {
  const claim = text(row['claim'], 4_000);
  if (claim === undefined) return undefined;
  const checked = isRow(row['checked']) ? row['checked'] : {};
  const citations = list(checked['citations']).flatMap((one) => placeOf(one) ?? []);
  const provenance = list(row['provenance']).flatMap((one) => {
    const [lane, source] = [number(one['lane']), text(one['source'], 512)];
    return lane === undefined || source === undefined ? [] : [{ lane, source }];
  });
  return {
    id: text(row['id'], 128) ?? '',
    type: text(row['type'], 200) ?? 'other',
    file: text(row['file'], 1_024) ?? '',
    span: spanOf(row['span']),
    claim,
    evidence: list(row['evidence']).flatMap((one) => {
      const file = text(one['file'], 1_024);
      return file === undefined ? [] : [{ file, span: spanOf(one['span']), quote: text(one['quote'], 2_000) }];
    }),
    proposed_fix: text(row['proposed_fix'], 16_000),
    tests: Array.isArray(row['tests']) ? row['tests'].slice(0, LIST_MAX).flatMap((one) => text(one, 400) ?? []) : [],
    severity: SEVERITIES.find((one) => one === row['severity']) ?? 'medium',
    confidence: part(row['confidence']),
    provenance,
    found_by: [...new Set(provenance.map(({ source }) => source.replace(/^persona:/, '')))],
    agreement: part(row['agreement']),
    evidence_score: part(checked['score']),
    citations,
    is_false: citations.some(({ verdict }) => FALSE.has(verdict)),
  };
}

function placeOf(row: Row): CheckedPlace | undefined {
  const [file, verdict] = [text(row['file'], 1_024), text(row['verdict'], 64)];
  if (file === undefined || verdict === undefined) return undefined;
  const span = spanOf(row['span']);
  return { file, start_line: span?.start_line, end_line: span?.end_line, verdict };
}

function spanOf(value: unknown): Finding['span'] {
  if (!isRow(value)) return undefined;
  const [start_line, end_line] = [number(value['start_line']), number(value['end_line'])];
  if (start_line === undefined || end_line === undefined || start_line < 1 || end_line < start_line) return undefined;
  return { start_line, end_line };
}

function list(value: unknown): readonly Row[] {
  return Array.isArray(value) ? value.slice(0, LIST_MAX).filter(isRow) : [];
}

function text(value: unknown, max: number): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? clip(value, max) : undefined;
}

function number(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? (value as number) : undefined;
}

function part(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= 1 ? value : undefined;
}

/** Findings of all parts, each once, the gravest first. */
export function joined(parts: readonly (readonly ReviewFinding[])[]): readonly ReviewFinding[] {
  const seen = new Set<string>();
  return parts
    .flat()
    .sort(compareFindings)
    .filter((one) => {
      const key = JSON.stringify([one.type, one.file, one.span ?? null, one.claim]);
      const fresh = !seen.has(key);
      seen.add(key);
      return fresh;
    });
}

/** Whether a finding is as grave as `limit` or graver; `none`: nothing is. */
export function isAtLeast(severity: Severity, limit: Severity | 'none'): boolean {
  return limit !== 'none' && severityRank(severity) <= severityRank(limit);
}
