import { createHash } from 'node:crypto';
import type { Severity } from '@atp-router/consensus';
import { printableProse } from '../print/text.ts';
import type { FileChange } from './diff.ts';
import type { ReviewFinding } from './finding.ts';
import { provenanceWords, remarks, type Review } from './report.ts';

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';
const LEVELS: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  info: 'note',
};
/** The review as a log of SARIF 2.1.0 (OASIS): rules are the types of the taxonomy that occur, in the order of the alphabet. */
export function sarifReport(review: Review): object {
  const types = [...new Set(review.findings.map(({ type }) => type))].sort();
  const prints = fingerprints(review.findings, review.files);
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'atp review',
            version: review.version,
            rules: types.map((type) => ({
              id: type,
              name: type,
              shortDescription: { text: type.replaceAll('_', ' ') },
            })),
          },
        },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: review.unreviewed.length === 0,
            toolExecutionNotifications: remarks(review).map((text) => ({
              level: 'warning',
              message: { text: printableProse(text) },
            })),
          },
        ],
        results: review.findings.map((one, i) => resultOf(one, types.indexOf(one.type), prints[i] ?? '')),
        properties: { policy: review.policy, strategy: review.strategy, simulated: review.simulated },
      },
    ],
  };
}

function resultOf(one: ReviewFinding, ruleIndex: number, print: string): object {
  const { type, severity, claim, file, span, confidence, proposed_fix, agreement, evidence_score } = one;
  const fix = proposed_fix === undefined ? '' : `\n\nProposed fix:\n${proposed_fix}`;
  return {
    ruleId: type,
    ruleIndex,
    level: LEVELS[severity],
    message: { text: printableProse(`${claim}${fix}\n\n${provenanceWords(one).join('; ')}`) },
    ...(file === '' ? {} : { locations: [{ physicalLocation: location(file, span?.start_line, span?.end_line) }] }),
    relatedLocations: one.citations.slice(1).map((cited, i) => ({
      id: i + 1,
      message: { text: printableProse(`cited: ${cited.verdict}`) },
      physicalLocation: location(cited.file, cited.start_line, cited.end_line),
    })),
    partialFingerprints: { 'atpFinding/v1': print },
    ...(confidence === undefined ? {} : { rank: Math.round(confidence * 1_000) / 10 }),
    properties: {
      ...{ severity, confidence: confidence ?? null, agreement: agreement ?? null },
      found_by: one.found_by,
      evidence: { score: evidence_score ?? null, citations: one.citations, is_false: one.is_false },
      tests: one.tests,
    },
  };
}

function location(file: string, start_line: number | undefined, end_line: number | undefined): object {
  const uri = file.split('/').map(encodeSegment).join('/');
  return {
    artifactLocation: { uri, uriBaseId: '%SRCROOT%' },
    ...(start_line === undefined ? {} : { region: { startLine: start_line, endLine: end_line ?? start_line } }),
  };
}

/** Half of a surrogate pair cannot be encoded. */
function encodeSegment(segment: string): string {
  return encodeURIComponent(segment.toWellFormed());
}

/**
 * What stays the same when lines move and words differ: the type, the file, and the text of the line where it begins, with how
 * many of the same came before.
 */
function fingerprints(findings: readonly ReviewFinding[], files: readonly FileChange[]): readonly string[] {
  const lines = new Map(files.map(({ path, lines: all }) => [path, linesByNumber(all)]));
  const counts = new Map<string, number>();
  return findings.map(({ type, file, span }) => {
    const text = span === undefined ? '' : (lines.get(file)?.get(span.start_line) ?? '');
    const hash = createHash('sha256').update(JSON.stringify([type, file, text.replace(/\s+/g, ' ').trim()]));
    const base = hash.digest('hex').slice(0, 32);
    const n = (counts.get(base) ?? 0) + 1;
    counts.set(base, n);
    return `${base}:${n}`;
  });
}

function linesByNumber(lines: FileChange['lines']): ReadonlyMap<number, string> {
  return new Map(lines.flatMap(({ new_line, text }) => (new_line === undefined ? [] : [[new_line, text] as const])));
}
