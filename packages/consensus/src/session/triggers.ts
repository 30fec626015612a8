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
  /** Share of good citations, 0 to 1, see `evidence/`; undefined where nothing was cited. */
  citations(text: string, documents: readonly Document[]): number | undefined;
}

/** Whether a trigger holds. */
export function holds({ when, threshold }: Escalation, signs: Signs): boolean {
  switch (when) {
    case 'low_conf':
      return signs.confidence < threshold;
    case 'disagree_high':
      return signs.answers.length > 1 && signs.result.agreement < threshold;
    case 'weak_citations':
      return (signs.citations(signs.result.text, signs.documents) ?? 0) < threshold;
    case 'test_fail':
      return signs.answers.some(({ tests_failed }) => tests_failed === true);
  }
}
