import { agreementIn, ANSWERS_MAX } from '../agreement/agreement.ts';
import type { VectorSource } from '../embed/vectors.ts';
import type { FindingCluster } from '../findings/cluster.ts';
import type { Reconciled, Strategy, View } from '../strategy.ts';
import { carriersOfFindings, claimLine, findingsText, type Pool, told, unreadDoubts, withinBounds } from './pool.ts';
import { EvidenceMemo, PoolMemo } from './memo.ts';
import {
  answerResult,
  counted,
  isWaited,
  nothing,
  resultOf,
  rounded,
  type Carrier,
  unit,
  verdictOf,
} from './result.ts';
import { answerMatrix } from './similarity.ts';
import type { StrategyTools } from './tools.ts';
import { type Voices, voicesOf } from './voices.ts';

/**
 * Of findings those are kept that have more than half of the weight which could have found them: each who says it counts by
 * the weight of its source × its confidence (1 where it says none) × what its citations are worth. Of texts the one is taken
 * that is nearest to all others, by the same weights (the medoid): in words, or in meaning where an embedder sees that.
 */
export function weightedMergeOf({ vectors, aliases }: Pick<StrategyTools, 'vectors' | 'aliases'>): Strategy {
  const pools = new PoolMemo(vectors);
  const worths = new EvidenceMemo(aliases);
  return {
    kind: 'weighted_merge',
    is_order_free: true,
    decide(view) {
      const voices = voicesOf(view);
      if (voices.heard.length === 0) return nothing(view);
      if (isWaited(view)) return pools.wait(voices);
      const pool = pools.of(voices);
      const result =
        pool === undefined ? medoid(view, voices, vectors) : weighed(view, pool, worths.inPool(pool, view.documents));
      return verdictOf(view, result, false);
    },
  };
}

function weighed(view: View, pool: Pool, worths: ReadonlyMap<unknown, number>): Reconciled {
  const scored = pool.clusters.map((cluster) => ({ cluster, part: partOf(pool, cluster, worths) }));
  const kept = scored.filter(({ part }) => part > 0.5);
  const { findings, doubts } = withinBounds(kept.map(({ cluster }) => told(view, pool, cluster).finding));
  // How far from half the decision about each finding was: 0.5 is a toss-up, 1 certain.
  const sure = scored.reduce((sum, { part }) => sum + Math.max(part, 1 - part), 0);
  return resultOf(view, {
    text: findingsText(findings),
    findings,
    agreement: pool.agreement,
    confidence: scored.length > 0 ? sure / scored.length : (pool.reviewers.length + 1) / (pool.reviewers.length + 2),
    why: [
      `${counted(kept.length, 'finding')} of ${scored.length} have more than half of the weight that could have found them`,
    ],
    uncertainties: [
      ...scored
        .filter(({ part }) => part <= 0.5)
        .map(({ cluster, part }) => `left out with ${rounded(part)} of the weight: ${claimLine(cluster.finding)}`),
      ...unreadDoubts(pool),
      ...doubts,
    ],
    carriers: carriersOfFindings(
      pool,
      kept.map(({ cluster }) => cluster),
    ),
  });
}

/** Part of the weight of all reviewers that stands behind a finding, 0 to 1; of each lane the most it says. */
function partOf(pool: Pool, { members }: FindingCluster, worths: ReadonlyMap<unknown, number>): number {
  const by_lane = new Map<number, number>();
  for (const finding of members) {
    const worth = unit(finding.confidence ?? 1) * (worths.get(finding) ?? 1);
    for (const { lane } of finding.provenance) by_lane.set(lane, Math.max(by_lane.get(lane) ?? 0, worth));
  }
  const weight = [...by_lane].reduce((sum, [lane, worth]) => sum + pool.weightOf(lane) * worth, 0);
  if (pool.weight > 0) return weight / pool.weight;
  return [...by_lane.values()].reduce((sum, worth) => sum + worth, 0) / pool.reviewers.length;
}

function medoid(view: View, voices: Voices, vectors: VectorSource): Reconciled {
  const heard = voices.heard.slice(0, ANSWERS_MAX);
  const answers = heard.map(({ answer }) => answer);
  const matrix = answerMatrix(answers, vectors);
  const weights = heard.map(({ weight }) => weight);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const nearness = matrix.map((row) => {
    const near = row.reduce((sum, score, j) => sum + score * (total > 0 ? (weights[j] ?? 0) : 1), 0);
    return near / (total > 0 ? total : heard.length);
  });
  const before = (i: number, j: number): boolean => {
    const [a, b] = [nearness[i] ?? 0, nearness[j] ?? 0];
    if (Math.abs(a - b) > 1e-9) return a > b;
    return (heard[i]?.standing ?? 0) > (heard[j]?.standing ?? 0);
  };
  const best = heard.reduce((at, _, i) => (before(i, at) ? i : at), 0);
  const { answer } = heard[best] as (typeof heard)[number];
  return answerResult(view, answer, {
    agreement: agreementIn(matrix, weights).weighted ?? 1,
    confidence: nearness[best] ?? 0,
    why: [
      `lane ${answer.lane} is nearest to all ${counted(heard.length, 'answer')}, ${rounded(nearness[best] ?? 0)} by weight`,
    ],
    carriers: heard.map(({ answer: { lane }, weight }, i): Carrier => [lane, weight * (matrix[best]?.[i] ?? 0)]),
  });
}
