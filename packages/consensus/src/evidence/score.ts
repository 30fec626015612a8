import type { Citation, Finding } from '../answer.ts';
import { readCitations } from './citations.ts';
import type { CitationVerdict, DocumentIndex } from './documents.ts';

/** What a citation is worth, 0 to 1. */
const WORTH: Readonly<Record<CitationVerdict, number>> = {
  good: 1,
  place_only: 0.8,
  file_only: 0.5,
  quote_elsewhere: 0.5,
  quote_missing: 0,
  out_of_bounds: 0,
  unknown_file: 0,
};
/** A false citation weighs as much as two others: it is a reason to doubt the rest. */
const FALSE_WEIGHT = 2;
/** What a claim is worth that cites nothing: more than one with false citations only, less than one with a true one. */
const UNCITED = 0.3;

export interface CheckedCitation {
  readonly citation: Citation;
  readonly verdict: CitationVerdict;
}

/** What citations are worth together. */
export interface EvidenceCheck {
  readonly citations: readonly CheckedCitation[];
  /** 0 to 1; undefined when there are no documents to hold them against. */
  readonly score: number | undefined;
  /** Share of citations that are not false; undefined when there are none, or no documents. */
  readonly good_share: number | undefined;
}

export const isFalse = (verdict: CitationVerdict): boolean => WORTH[verdict] === 0;

/** The mean worth of citations, false ones counted twice; 0.3 of none. */
export function evidenceScore(verdicts: readonly CitationVerdict[]): number {
  if (verdicts.length === 0) return UNCITED;
  let sum = 0;
  let weights = 0;
  for (const verdict of verdicts) {
    sum += WORTH[verdict];
    weights += isFalse(verdict) ? FALSE_WEIGHT : 1;
  }
  return sum / weights;
}

function checkAll(citations: readonly Citation[], documents: DocumentIndex): EvidenceCheck {
  if (documents.isEmpty) return { citations: [], score: undefined, good_share: undefined };
  const checked = citations.map((citation) => ({ citation, verdict: documents.check(citation) }));
  const verdicts = checked.map(({ verdict }) => verdict);
  const good = verdicts.filter((verdict) => !isFalse(verdict)).length;
  return {
    citations: checked,
    score: evidenceScore(verdicts),
    good_share: verdicts.length === 0 ? undefined : good / verdicts.length,
  };
}

/** Holds what a finding cites, and the place that it is about, against the documents of its task. */
export function checkFinding(finding: Finding, documents: DocumentIndex): EvidenceCheck {
  const place: readonly Citation[] = finding.file === '' ? [] : [{ file: finding.file, span: finding.span }];
  return checkAll([...place, ...finding.evidence], documents);
}

/**
 * The same of a whole answer: of its findings, where it has any, each as much as any other, else of the citations in its
 * text. An answer that says it found nothing cites nothing.
 */
export function checkAnswer(
  answer: { readonly text: string; readonly findings: readonly Finding[] | undefined },
  documents: DocumentIndex,
): EvidenceCheck {
  if (answer.findings === undefined) return checkAll(readCitations(answer.text), documents);
  const checks = answer.findings.map((finding) => checkFinding(finding, documents));
  const citations = checks.flatMap((check) => check.citations);
  if (documents.isEmpty || checks.length === 0) return checkAll([], documents);
  return {
    citations,
    score: checks.reduce((sum, { score }) => sum + (score ?? 0), 0) / checks.length,
    good_share:
      citations.length === 0
        ? undefined
        : citations.filter(({ verdict }) => !isFalse(verdict)).length / citations.length,
  };
}
