import type { Citation, Finding, Provenance, Severity } from '../answer.ts';
import { SEVERITIES } from './aliases.ts';
import { findingId } from './canonical.ts';

/** Citations and tests of a merged finding; those beyond are left out, the last in order. */
const PARTS_MAX = 64;

/** 0 for the gravest. */
export const severityRank = (severity: Severity): number => SEVERITIES.indexOf(severity);

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function comparePlaces(a: Pick<Finding, 'file' | 'span'>, b: Pick<Finding, 'file' | 'span'>): number {
  return (
    compareText(a.file, b.file) ||
    (a.span?.start_line ?? 0) - (b.span?.start_line ?? 0) ||
    (a.span?.end_line ?? 0) - (b.span?.end_line ?? 0)
  );
}

/** The order of findings: the gravest first, then by place, type and words. Total but for equal findings. */
export function compareFindings(a: Finding, b: Finding): number {
  return (
    severityRank(a.severity) - severityRank(b.severity) ||
    comparePlaces(a, b) ||
    compareText(a.type, b.type) ||
    compareText(a.claim, b.claim) ||
    (b.confidence ?? -1) - (a.confidence ?? -1) ||
    (a.provenance[0]?.lane ?? -1) - (b.provenance[0]?.lane ?? -1) ||
    compareText(JSON.stringify(a), JSON.stringify(b))
  );
}

/** Each once, by what it says, in the order of that. */
function eachOnce<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  const byKey = new Map<string, T>();
  for (const item of items) {
    const key = keyOf(item);
    if (!byKey.has(key)) byKey.set(key, item);
  }
  return [...byKey].sort(([a], [b]) => compareText(a, b)).map(([, item]) => item);
}

const citationKey = ({ file, span, quote }: Citation): string =>
  JSON.stringify([file, span?.start_line ?? 0, span?.end_line ?? 0, quote ?? '']);

/**
 * What several say: the mean over sources of the most that each says (a linear opinion pool, Stone 1961); undefined when
 * nobody says anything. Not 1 − Π(1 − c): agents that err together would make each other sure.
 */
function pooled(findings: readonly Finding[]): number | undefined {
  const bySource = new Map<string, number>();
  for (const { confidence, provenance } of findings) {
    if (confidence === undefined) continue;
    for (const { source } of provenance) bySource.set(source, Math.max(bySource.get(source) ?? 0, confidence));
  }
  if (bySource.size === 0) return undefined;
  // In the order of their sizes, so that the sum does not depend on names or arrival.
  return [...bySource.values()].sort((a, b) => a - b).reduce((sum, one) => sum + one, 0) / bySource.size;
}

/**
 * Findings that mean the same as one: the words and the place of the first in order that has them, the gravest severity,
 * confidence by `pooled`, and provenance, citations and tests of all, each once. Undefined of none.
 */
export function mergeFindings(findings: readonly Finding[]): Finding | undefined {
  const sorted = [...findings].sort(compareFindings);
  const [first] = sorted;
  if (first === undefined) return undefined;
  const place =
    sorted.find(({ file, span }) => file !== '' && span !== undefined) ??
    sorted.find(({ file }) => file !== '') ??
    first;
  const provenance = eachOnce(
    sorted.flatMap((one) => one.provenance),
    ({ lane, source }) => JSON.stringify([lane, source]),
  );
  const said = { type: first.type, file: place.file, span: place.span, claim: first.claim };
  return {
    // With the place of the first it says what that says, whose id is made of the same.
    id: place === first && first.id !== '' ? first.id : findingId(said),
    ...said,
    evidence: eachOnce(
      sorted.flatMap((one) => one.evidence),
      citationKey,
    ).slice(0, PARTS_MAX),
    proposed_fix: sorted.find((one) => one.proposed_fix !== undefined)?.proposed_fix,
    tests: eachOnce(
      sorted.flatMap((one) => one.tests),
      (test) => test,
    ).slice(0, PARTS_MAX),
    severity: first.severity,
    confidence: pooled(sorted),
    provenance: provenance.sort((a: Provenance, b: Provenance) => a.lane - b.lane),
  };
}
