import type { Finding } from '../answer.ts';
import { nearness } from '../embed/embedder.ts';
import type { VectorSource } from '../embed/vectors.ts';
import { foldText } from '../text/fold.ts';
import { type Lines, lineOverlap, linesOf } from './lines.ts';
import { jaccard } from './scores.ts';

/** What agreement of two findings is made of; the sum is 1. */
export const FINDING_WEIGHTS = { claim: 0.5, evidence: 0.3, fields: 0.2 } as const;

/** A finding with all that comparing it needs, made once. */
export interface Comparable {
  readonly finding: Finding;
  readonly claim: string;
  readonly vector: Float32Array;
  /** Of what made the vector. */
  readonly baseline: number;
  readonly lines: Lines;
  readonly tests: ReadonlySet<string>;
}

export function comparable(finding: Finding, vectors: VectorSource): Comparable {
  const claim = foldText(finding.claim);
  const { baseline } = vectors;
  const tests = new Set(finding.tests);
  return { finding, claim, vector: vectors.of(finding.claim), baseline, lines: linesOf(finding), tests };
}

/** Of type, severity and tests; of the tests `shared`, where either has any. */
function fieldMatch(a: Comparable, b: Comparable, shared: () => number): number {
  const type = a.finding.type === b.finding.type ? 1 : 0;
  const severity = a.finding.severity === b.finding.severity ? 1 : 0;
  return a.tests.size + b.tests.size === 0 ? (type + severity) / 2 : (type + severity + shared()) / 3;
}

/**
 * How far two findings say the same, 0 to 1: 0.5·nearness of their claims + 0.3·overlap of the lines they point to + 0.2·match
 * of type, severity and tests. What neither has (lines, tests) leaves its weight to the rest. Symmetric; 1 for equal ones.
 * `floor`: below it the exact value is not needed, and 0 may come instead; it saves going through most of what they cite.
 */
export function findingAgreement(a: Comparable, b: Comparable, floor: number = 0): number {
  const { claim, evidence, fields } = FINDING_WEIGHTS;
  const has_lines = a.lines.size + b.lines.size > 0;
  const total = has_lines ? 1 : claim + fields;
  const likeness = a.claim === b.claim ? 1 : nearness(a.vector, b.vector, Math.max(a.baseline, b.baseline));
  const most = (has_lines ? evidence : 0) + fields * fieldMatch(a, b, () => 1) + claim * likeness;
  // A little less than the floor is not below it: it may be what rounding left of a value that reaches it.
  if (most < floor * total - 1e-9) return 0;
  const rest =
    evidence * (lineOverlap(a.lines, b.lines) ?? 0) + fields * fieldMatch(a, b, () => jaccard(a.tests, b.tests));
  return Math.min(1, (rest + claim * likeness) / total);
}
