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
/** Agents count lines badly; places further apart than so many lines are two, whatever is said of them. */
const APART_LINES = 10;

/** Findings that mean the same. */
export interface FindingCluster {
  /** What they say together, see `mergeFindings`. */
  readonly finding: Finding;
  readonly members: readonly Finding[];
  /** Lanes that say it, each once, ascending. */
  readonly lanes: readonly number[];
}

export interface ClusterOptions {
  readonly vectors: VectorSource;
  /** Undefined: `SAME_FROM`. */
  readonly threshold?: number | undefined;
}

function areApart(a: Span, b: Span): boolean {
  return a.start_line > b.end_line + APART_LINES || b.start_line > a.end_line + APART_LINES;
}

/** Two files, or two places of one file, are never one finding: the same words may be true of both. */
function mayBeSame(a: Finding, b: Finding): boolean {
  if (a.file === '' || b.file === '') return true;
  return a.file === b.file && (a.span === undefined || b.span === undefined || !areApart(a.span, b.span));
}

interface Group {
  readonly leader: Comparable;
  readonly members: Finding[];
}

/** The group whose leader agrees most, of several the first; none below the threshold. */
function bestOf(groups: readonly Group[], one: Comparable, threshold: number): Group | undefined {
  let best: Group | undefined;
  let most = threshold;
  for (const group of groups) {
    if (!mayBeSame(group.leader.finding, one.finding)) continue;
    const score = findingAgreement(group.leader, one, most);
    if (score > most || (best === undefined && score >= most)) {
      best = group;
      most = score;
    }
  }
  return best;
}

function clusterOf(members: readonly Finding[]): FindingCluster[] {
  const finding = mergeFindings(members);
  if (finding === undefined) return [];
  const lanes = [...new Set(members.flatMap(({ provenance }) => provenance.map(({ lane }) => lane)))];
  return [{ finding, members, lanes: lanes.sort((a, b) => a - b) }];
}

/**
 * Groups findings that mean the same, in one pass over them in the order of `compareFindings`: each joins the group whose
 * first finding it agrees with most, or begins one. The order in which they are given does not matter, and one that is given
 * twice counts once. Result in the same order.
 */
export function clusterFindings(findings: readonly Finding[], options: ClusterOptions): FindingCluster[] {
  const sorted = [...findings].sort(compareFindings);
  const groups: Group[] = [];
  // A finding with a file is compared with those of its file and of none only.
  const byFile = new Map<string, Group[]>();
  for (const finding of sorted.slice(0, COMPARED_MAX)) {
    const one = comparable(finding, options.vectors);
    const near = finding.file === '' ? groups : [...(byFile.get(finding.file) ?? []), ...(byFile.get('') ?? [])];
    const group = bestOf(near, one, options.threshold ?? SAME_FROM);
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
  const alone = sorted.slice(COMPARED_MAX).map((finding) => [finding]);
  return [...groups.map(({ members }) => members), ...alone]
    .flatMap(clusterOf)
    .sort((a, b) => compareFindings(a.finding, b.finding));
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
