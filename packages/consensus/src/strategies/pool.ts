import { type Comparable, comparable } from '../agreement/findings.ts';
import type { Finding, LaneAnswer } from '../answer.ts';
import { findingId } from '../findings/canonical.ts';
import { clusterFindings, type FindingCluster, laneAgreement } from '../findings/cluster.ts';
import { severityRank } from '../findings/merge.ts';
import type { VectorSource } from '../embed/vectors.ts';
import type { View } from '../strategy.ts';
import { type Carrier, counted } from './result.ts';
import type { Voice, Voices } from './voices.ts';

/** Findings of a result, the gravest; what goes beyond is left out, and it is said. */
const FINDINGS_MAX = 1_000;

/** What several answers found, put together. */
export interface Pool {
  /** Findings that mean the same, the gravest first. */
  readonly clusters: readonly FindingCluster[];
  /** Who gave findings, none included. */
  readonly reviewers: readonly Voice[];
  /** Sum of their weights: what could have found each of them. */
  readonly weight: number;
  /** Of the reviewers with each other, 0 to 1. */
  readonly agreement: number;
  /** Lanes with an answer in which no findings could be read. */
  readonly unread: readonly number[];
  weightOf(lane: number): number;
  /** Of one lane, in the order in which it said them. */
  findingsOf(lane: number): readonly Finding[];
}

/** Findings of answers, and what comparing them needs, made once for each. */
export class KeptFindings {
  readonly vectors: VectorSource;
  readonly #of_answers: WeakMap<LaneAnswer, readonly Finding[]> = new WeakMap();
  readonly #comparables: WeakMap<Finding, Comparable> = new WeakMap();

  constructor(vectors: VectorSource) {
    this.vectors = vectors;
  }

  /** A finding is of the lane that said it, whatever it says of itself. */
  of(answer: LaneAnswer): readonly Finding[] {
    const known = this.#of_answers.get(answer);
    if (known !== undefined) return known;
    const { findings, lane, source } = answer;
    const own = (findings ?? []).map((finding): Finding => ({ ...finding, provenance: [{ lane, source }] }));
    this.#of_answers.set(answer, own);
    return own;
  }

  /** The vector is asked for each time: it is another one once the session has fallen back to hashed ones. */
  readonly comparableOf = (finding: Finding): Comparable => {
    const known = this.#comparables.get(finding);
    if (known !== undefined && known.vector === this.vectors.of(finding.claim)) return known;
    const made = comparable(finding, this.vectors);
    this.#comparables.set(finding, made);
    return made;
  };

  /** Whether a pool rests on the vectors that its findings have now. To ask counts as a use of them. */
  isCurrent(pool: Pool | undefined): boolean {
    if (pool === undefined) return true;
    const findings = pool.reviewers.flatMap(({ answer }) => pool.findingsOf(answer.lane));
    return findings.every((finding) => {
      const known = this.#comparables.get(finding);
      return known === undefined || known === this.comparableOf(finding);
    });
  }
}

/** Undefined: nobody gave findings, not even none. */
export function poolOf({ heard }: Pick<Voices, 'heard'>, kept: KeptFindings): Pool | undefined {
  const reviewers = heard.filter(({ answer }) => answer.findings !== undefined);
  if (reviewers.length === 0) return undefined;
  const findings = new Map(reviewers.map(({ answer }) => [answer.lane, kept.of(answer)]));
  const { vectors, comparableOf } = kept;
  const clusters = clusterFindings([...findings.values()].flat(), { vectors, comparableOf });
  const weights = new Map(reviewers.map(({ answer, weight }) => [answer.lane, weight]));
  const lanes = [...weights.keys()];
  return {
    clusters,
    reviewers,
    weight: reviewers.reduce((sum, { weight }) => sum + weight, 0),
    agreement: laneAgreement(clusters, lanes, [...weights.values()]).weighted ?? 1,
    unread: heard.filter(({ answer }) => answer.findings === undefined).map(({ answer }) => answer.lane),
    weightOf: (lane) => weights.get(lane) ?? 0,
    findingsOf: (lane) => findings.get(lane) ?? [],
  };
}

/** Part of the reviewers' weight that said it, 0 to 1. */
export function supportOf(pool: Pool, { lanes }: FindingCluster): number {
  const weight = lanes.reduce((sum, lane) => sum + pool.weightOf(lane), 0);
  return pool.weight > 0 ? weight / pool.weight : lanes.length / pool.reviewers.length;
}

/** One finding for those that mean the same, and whether they differ in what they say of it. */
export interface Told {
  readonly finding: Finding;
  readonly is_disputed: boolean;
}

/**
 * Where those who found it differ, whoever wins most often is believed about its type, words and fix, and about how grave
 * it is unless somebody says high or critical: the gravest of these is kept.
 */
export function told(view: View, pool: Pool, { finding, members }: FindingCluster): Told {
  const spokesman = [...members].sort((a, b) => rank(view, pool, b, a))[0] ?? finding;
  const gravest = finding.severity;
  const severity = severityRank(gravest) <= severityRank('high') ? gravest : spokesman.severity;
  const { type, claim } = spokesman;
  const named = { ...finding, type, claim, severity, proposed_fix: spokesman.proposed_fix ?? finding.proposed_fix };
  const is_same = type === finding.type && claim === finding.claim;
  const is_disputed = members.some((one) => one.type !== type || one.severity !== spokesman.severity);
  return { finding: is_same ? named : { ...named, id: findingId(named) }, is_disputed };
}

/** By win rate, then by standing, then by lane, the first highest. */
function rank(view: View, pool: Pool, a: Finding, b: Finding): number {
  const [x, y] = [a.provenance[0], b.provenance[0]];
  if (x === undefined || y === undefined) return 0;
  const standing = (lane: number): number => pool.reviewers.find(({ answer }) => answer.lane === lane)?.standing ?? 0;
  const rate = (source: string): number => view.standing.winRate(source) || 0;
  return rate(x.source) - rate(y.source) || standing(x.lane) - standing(y.lane) || y.lane - x.lane;
}

/** What is kept of a list that is too long, and what is said of the rest. */
export function withinBounds(findings: readonly Finding[]): {
  readonly findings: readonly Finding[];
  readonly doubts: readonly string[];
} {
  const left_out = findings.length - FINDINGS_MAX;
  if (left_out <= 0) return { findings, doubts: [] };
  const gravest = [...findings].sort((a, b) => severityRank(a.severity) - severityRank(b.severity));
  return {
    findings: gravest.slice(0, FINDINGS_MAX),
    doubts: [`${counted(left_out, 'finding')} of the least grave are left out: ${FINDINGS_MAX} are the most`],
  };
}

/** Findings as an agent would have written them, for whoever reads the answer as text. */
export function findingsText(findings: readonly Finding[]): string {
  const plain = findings.map(
    ({ id, type, file, span, claim, severity, confidence, evidence, proposed_fix, tests }) => ({
      ...{ id, type, severity },
      ...(file === '' ? {} : { file }),
      ...(span === undefined ? {} : { span }),
      claim,
      ...(confidence === undefined ? {} : { confidence }),
      ...(evidence.length > 0 ? { evidence } : {}),
      ...(proposed_fix === undefined ? {} : { proposed_fix }),
      ...(tests.length > 0 ? { tests } : {}),
    }),
  );
  return JSON.stringify({ findings: plain }, null, 2);
}

/** What each lane carries of a list: its weight for each finding that it said; for none, its weight. */
export function carriersOfFindings(pool: Pool, kept: readonly FindingCluster[]): readonly Carrier[] {
  return pool.reviewers.map(({ answer: { lane }, weight }): Carrier => {
    const said = kept.filter(({ lanes }) => lanes.includes(lane)).length;
    return [lane, kept.length === 0 ? weight : said * weight];
  });
}

/** What could not be read, or not be held against the rest. */
export function unreadDoubts({ unread, clusters, reviewers }: Pool): readonly string[] {
  const alone = clusters.filter(({ is_compared }) => !is_compared).length;
  return [
    ...unread.map((lane) => `lane ${lane} gave no findings that can be read`),
    ...reviewers.flatMap(({ answer: { lane, findings_left_out: lost = 0 } }) =>
      lost > 0 ? [`of lane ${lane} ${counted(lost, 'finding')} were left out: too many, or not to be read`] : [],
    ),
    ...(alone > 0 ? [`there are too many findings to compare: ${alone} stand alone that may say what others do`] : []),
  ];
}

/** `high leak in src/a.ts:3-4: The cache is never cleared.` */
export function claimLine({ severity, type, file, span, claim }: Finding): string {
  const lines = span === undefined ? '' : `:${span.start_line}-${span.end_line}`;
  return `${severity} ${type}${file === '' ? '' : ` in ${file}${lines}`}: ${claim}`;
}
