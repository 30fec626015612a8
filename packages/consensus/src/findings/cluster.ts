import type { Finding, Span } from '../answer.ts';
import { type Agreement, agreementIn, pairMatrix } from '../agreement/agreement.ts';
import { type Comparable, comparable, findingAgreement } from '../agreement/findings.ts';
import { jaccard } from '../agreement/scores.ts';
import type { VectorSource } from '../embed/vectors.ts';
import { compareFindings, mergeFindings } from './merge.ts';

/**
 * Agreement from which two findings mean the same: with one type, severity and range of lines whatever the words are; with a
 * third of the lines shared, likeness of words has to bring 0.2.
 */
export const SAME_FROM = 0.5;
/** Findings that are compared, the gravest; those beyond stay alone. 32 lanes of 100 findings fit. */
const COMPARED_MAX = 4_096;
/**
 * Times that two findings are compared in one pass; those that come after stay alone, too. A few hundred findings of one place
 * are below it. Each costs a microsecond, a few where both cite as much as they may.
 */
export const COMPARISONS_MAX = 65_536;
/** Agents count lines badly; places further apart than so many lines are two, whatever is said of them. */
const APART_LINES = 10;

/** Findings that mean the same. */
export interface FindingCluster {
  /** What they say together, see `mergeFindings`. */
  readonly finding: Finding;
  readonly members: readonly Finding[];
  /** Lanes that say it, each once, ascending. */
  readonly lanes: readonly number[];
  /** False: it stands alone since there were too many to compare it, not since it is different. */
  readonly is_compared: boolean;
}

export interface ClusterOptions {
  readonly vectors: VectorSource;
  /** What comparing a finding needs, where it is kept; undefined: it is made. */
  readonly comparableOf?: ((finding: Finding) => Comparable) | undefined;
  /** Undefined: `SAME_FROM`. */
  readonly threshold?: number | undefined;
  /** Undefined: `COMPARISONS_MAX`. */
  readonly comparisons_max?: number | undefined;
}

/** Two places of one file are never one finding: the same words may be true of both. */
function areApart(a: Span | undefined, b: Span | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.start_line > b.end_line + APART_LINES || b.start_line > a.end_line + APART_LINES;
}

/** 0 with lines, 1 with a file alone, 2 without. */
const vagueness = ({ file, span }: Finding): number => (file === '' ? 2 : span === undefined ? 1 : 0);

interface Group {
  readonly leader: Comparable;
  readonly members: Finding[];
}

/** Comparisons that are left of those that one pass may make. */
interface Budget {
  left: number;
}

/** The group whose leader agrees most, of several the first; none below the threshold. */
function bestOf(groups: readonly Group[], one: Comparable, threshold: number, budget: Budget): Group | undefined {
  let best: Group | undefined;
  let most = threshold;
  for (const group of groups) {
    if (areApart(group.leader.finding.span, one.finding.span)) continue;
    budget.left -= 1;
    const score = findingAgreement(group.leader, one, most);
    if (score > most || (best === undefined && score >= most)) {
      best = group;
      most = score;
    }
  }
  return best;
}

function clusterOf(members: readonly Finding[], is_compared: boolean): FindingCluster[] {
  const finding = mergeFindings(members);
  if (finding === undefined) return [];
  const lanes = [...new Set(members.flatMap(({ provenance }) => provenance.map(({ lane }) => lane)))];
  return [{ finding, members, lanes: lanes.sort((a, b) => a - b), is_compared }];
}

/**
 * Groups findings that mean the same, in one pass over them: each joins the group whose first finding it agrees with most, of
 * several the first, or begins one. Findings of two files, or of places far apart, are never one; so those that say where
 * begin groups before those that do not, or one of the latter would hold two of the former together. Else they come in the
 * order of `compareFindings`, as the result does. The order in which they are given does not matter, and one that is given
 * twice counts once. Those that are too many to be compared stay alone, and are marked: `is_compared`.
 */
export function clusterFindings(findings: readonly Finding[], options: ClusterOptions): FindingCluster[] {
  const sorted = [...findings].sort(compareFindings);
  const compared = sorted.slice(0, COMPARED_MAX).sort((a, b) => vagueness(a) - vagueness(b));
  const alone = sorted.slice(COMPARED_MAX);
  const budget: Budget = { left: options.comparisons_max ?? COMPARISONS_MAX };
  const groups: Group[] = [];
  const byFile = new Map<string, Group[]>();
  for (const finding of compared) {
    if (budget.left <= 0) {
      alone.push(finding);
      continue;
    }
    const one = options.comparableOf?.(finding) ?? comparable(finding, options.vectors);
    const near = finding.file === '' ? groups : (byFile.get(finding.file) ?? []);
    const group = bestOf(near, one, options.threshold ?? SAME_FROM, budget);
    if (group !== undefined) {
      group.members.push(finding);
      continue;
    }
    const begun: Group = { leader: one, members: [finding] };
    groups.push(begun);
    const ofFile = byFile.get(finding.file);
    if (ofFile === undefined) byFile.set(finding.file, [begun]);
    else ofFile.push(begun);
  }
  return [
    ...groups.flatMap(({ members }) => clusterOf(members, true)),
    ...alone.flatMap((finding) => clusterOf([finding], false)),
  ].sort((a, b) => compareFindings(a.finding, b.finding));
}

/** How lanes agree on findings: shared groups over all groups of two lanes. In the order of `lanes`. */
export function laneAgreement(
  clusters: readonly FindingCluster[],
  lanes: readonly number[],
  weights: readonly number[] = [],
): Agreement {
  const saidBy = lanes.map(
    (lane) => new Set(clusters.flatMap((cluster, at) => (cluster.lanes.includes(lane) ? [`${at}`] : []))),
  );
  const matrix = pairMatrix(lanes.length, (i, j) => jaccard(saidBy[i] ?? new Set(), saidBy[j] ?? new Set()));
  return agreementIn(matrix, weights);
}
