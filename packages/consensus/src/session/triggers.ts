import type { LaneAnswer } from '../answer.ts';
import type { Escalation } from '../plan.ts';
import type { Document, Reconciled } from '../strategy.ts';

/** What triggers are held against. */
export interface Signs {
  readonly result: Reconciled;
  readonly answers: readonly LaneAnswer[];
  readonly documents: readonly Document[];
  /** Chance that the result is right, 0 to 1. */
  readonly confidence: number;
  readonly citations: CitationsOf;
}

/** What is cited, in words or by findings. */
export type Citing = Pick<LaneAnswer, 'text' | 'findings'>;
/** Share of good citations, 0 to 1, see `evidence/`; undefined where nothing is cited. */
export type CitationsOf = (said: Citing, documents: readonly Document[]) => number | undefined;

/** Whether a trigger holds. */
export function holds({ when, threshold }: Escalation, signs: Signs): boolean {
  switch (when) {
    case 'low_conf':
      return signs.confidence < threshold;
    case 'disagree_high':
      return signs.answers.length > 1 && signs.result.agreement < threshold;
    case 'weak_citations':
      return isToCite(signs) && (signs.citations(signs.result, signs.documents) ?? 0) < threshold;
    case 'test_fail':
      return signs.answers.some(({ tests_failed }) => tests_failed === true);
  }
}

/** Without documents there is nothing to cite, and who has found nothing has nothing to cite for it. */
function isToCite({ documents, result }: Signs): boolean {
  return documents.length > 0 && result.findings?.length !== 0;
}
