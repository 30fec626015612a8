import type { FindingCluster } from '../findings/cluster.ts';
import type { Reconciled, Strategy, View } from '../strategy.ts';
import { pluralityOf } from './plurality.ts';
import { carriersOfFindings, claimLine, findingsText, type Pool, told, unreadDoubts, withinBounds } from './pool.ts';
import { EvidenceMemo, PoolMemo } from './memo.ts';
import { counted, isWaited, noted, nothing, resultOf, rounded, verdictOf } from './result.ts';
import type { StrategyTools } from './tools.ts';
import { type Voices, voicesOf } from './voices.ts';

/** A finding is kept when its evidence is worth at least this; see `evidenceScore` for what false citations cost. */
const KEPT_FROM = 0.5;

/**
 * Weighs by evidence: citations are held against the documents of the task. Of findings those are kept whose citations
 * hold, the best of those who say the same; of texts each vote counts by what its citations are worth. Without documents
 * it is a majority of texts, and keeps all findings.
 */
export function evidenceOf({ vectors, aliases }: Pick<StrategyTools, 'vectors' | 'aliases'>): Strategy {
  const pools = new PoolMemo(vectors);
  const worths = new EvidenceMemo(aliases);
  return {
    kind: 'evidence',
    is_order_free: true,
    decide(view) {
      const voices = voicesOf(view);
      if (voices.heard.length === 0) return nothing(view);
      // Texts may be decided before all have come; findings never are.
      if (isWaited(view) && voices.heard.some(({ answer }) => answer.findings !== undefined)) return pools.wait(voices);
      const pool = pools.of(voices);
      if (pool !== undefined)
        return verdictOf(view, ofFindings(view, pool, worths.inPool(pool, view.documents)), false);
      const scores = new Map(voices.heard.map(({ answer }) => [answer.lane, worths.of(answer, view.documents).answer]));
      const found = pluralityOf(view, { voices, factor: (lane) => scores.get(lane) ?? 1 });
      if (found === undefined) return nothing(view);
      return verdictOf(view, noted(found.result, whyOf(view, voices, scores)), found.is_safe && isAllText(view));
    },
  };
}

/** An open lane may bring findings, and then all is different. */
const isAllText = (view: View): boolean => view.open.length === 0;

function whyOf(view: View, { heard }: Voices, scores: ReadonlyMap<number, number>): readonly string[] {
  if (view.documents.length === 0) return ['there are no documents to hold citations against'];
  const said = heard.slice(0, 8).map(({ answer: { lane } }) => `lane ${lane} ${rounded(scores.get(lane) ?? 1)}`);
  return [`votes count by what their citations are worth: ${said.join(', ')}${heard.length > 8 ? ', …' : ''}`];
}

function ofFindings(view: View, pool: Pool, worths: ReadonlyMap<unknown, number>): Reconciled {
  const scored = pool.clusters.map((cluster) => ({ cluster, score: scoreOf(cluster, worths) }));
  const kept = scored.filter(({ score }) => score >= KEPT_FROM);
  const left_out = scored.filter(({ score }) => score < KEPT_FROM);
  const { findings, doubts } = withinBounds(kept.map(({ cluster }) => told(view, pool, cluster).finding));
  const checked = view.documents.length === 0 ? 'there are no documents to hold them against' : 'their citations hold';
  return resultOf(view, {
    text: findingsText(findings),
    findings,
    agreement: pool.agreement,
    confidence: kept.length > 0 ? kept.reduce((sum, { score }) => sum + score, 0) / kept.length : 0.5,
    why: [`${counted(kept.length, 'finding')} of ${scored.length} are kept: ${checked}`],
    uncertainties: [
      ...left_out.map(({ cluster, score }) => `left out, evidence ${rounded(score)}: ${claimLine(cluster.finding)}`),
      ...unreadDoubts(pool),
      ...doubts,
    ],
    carriers: carriersOfFindings(
      pool,
      kept.map(({ cluster }) => cluster),
    ),
  });
}

/** Of the best that any of those cites who say it; 1 without documents. */
function scoreOf({ members }: FindingCluster, worths: ReadonlyMap<unknown, number>): number {
  return Math.max(...members.map((finding) => worths.get(finding) ?? 1));
}
