import type { FindingCluster } from '../findings/cluster.ts';
import { severityRank } from '../findings/merge.ts';
import type { FollowUp, Reconciled, Strategy, Verdict, View } from '../strategy.ts';
import { type Plurality, pluralityOf } from './plurality.ts';
import {
  carriersOfFindings,
  claimLine,
  findingsText,
  type Pool,
  supportOf,
  told,
  unreadDoubts,
  withinBounds,
} from './pool.ts';
import { PoolMemo } from './memo.ts';
import { ackPrompt } from './prompts.ts';
import { acksIn, askOf, askOpen, mayAsk, replyTo } from './replies.ts';
import { counted, isAnyOpen, noted, nothing, resultOf, verdictOf } from './result.ts';
import type { StrategyTools } from './tools.ts';
import { type Voice, type Voices, voicesOf } from './voices.ts';

/** Findings that one agent is asked about at once, and that are asked about in all, the gravest. */
const BATCH_MAX = 10;
const ASKED_MAX = 40;

/** A finding, or the whole of an answer, and whether somebody else stands behind it. */
type Phase = 'ordinary' | 'found_twice' | 'acked' | 'denied' | 'unanswered' | 'not_asked';

/**
 * Two-phase commit: what is as grave as `ack_severity` says needs a second source. One that found the same by itself, and
 * as grave, is enough; else the judge is asked, or of those that did not find it who wins most often, or the arbiter. Without an ACK it is
 * left out, and that is said. Of texts the whole answer is what needs a second: without one it stands, but at half of its
 * confidence.
 */
export function twoPhaseOf({ vectors }: Pick<StrategyTools, 'vectors'>): Strategy {
  const pools = new PoolMemo(vectors);
  return {
    kind: 'two_phase',
    is_order_free: true,
    decide(view) {
      const voices = voicesOf(view);
      if (voices.heard.length === 0) return nothing(view);
      if (isAnyOpen(view) && !view.is_last) return pools.wait(voices);
      const pool = pools.of(voices);
      if (pool !== undefined) return ofFindings(view, voices, pool);
      const found = pluralityOf(view, { voices });
      return found === undefined ? nothing(view) : ofText(view, voices, found);
    },
  };
}

/** A question to one agent about some findings, by their places. */
interface Batch {
  readonly ask: FollowUp;
  readonly places: readonly number[];
}

function ofFindings(view: View, voices: Voices, pool: Pool): Verdict {
  const limit = severityRank(view.plan.strategy.ack_severity);
  const is_grave = ({ finding }: FindingCluster): boolean => severityRank(finding.severity) <= limit;
  const lone = pool.clusters.flatMap((cluster, place) =>
    is_grave(cluster) && authorsOf(cluster, limit).size < 2 ? [place] : [],
  );
  const batches = batchesOf(view, voices, pool, lone.slice(0, ASKED_MAX));
  const open = mayAsk(view)
    ? askOpen(
        view,
        batches.map(({ ask }) => ask),
      )
    : undefined;
  if (open !== undefined) return open;
  const phases = new Map<number, Phase>(lone.map((place) => [place, 'not_asked']));
  for (const { ask, places } of batches) {
    const reply = replyTo(view, ask);
    const acked = acksIn(reply ?? '', places.length);
    places.forEach((place, i) => {
      phases.set(place, acked.has(i + 1) ? 'acked' : reply === undefined || reply === '' ? 'unanswered' : 'denied');
    });
  }
  const phaseOf = (cluster: FindingCluster, place: number): Phase =>
    phases.get(place) ?? (is_grave(cluster) ? 'found_twice' : 'ordinary');
  return verdictOf(view, committed(view, pool, pool.clusters.map(phaseOf)), false);
}

function committed(view: View, pool: Pool, phases: readonly Phase[]): Reconciled {
  const is_in = (phase: Phase | undefined): boolean =>
    phase === 'ordinary' || phase === 'found_twice' || phase === 'acked';
  const kept = pool.clusters.filter((_, place) => is_in(phases[place]));
  const { findings, doubts } = withinBounds(kept.map((cluster) => told(view, pool, cluster).finding));
  const count = (phase: Phase): number => phases.filter((one) => one === phase).length;
  const support = kept.reduce((sum, cluster) => sum + supportOf(pool, cluster), 0);
  return resultOf(view, {
    text: findingsText(findings),
    findings,
    agreement: pool.agreement,
    confidence: kept.length > 0 ? support / kept.length : 0.5,
    why: [
      `${counted(kept.length, 'finding')} of ${pool.clusters.length} are kept`,
      `of those from ${view.plan.strategy.ack_severity} on ${count('found_twice')} were found by two sources, ${count('acked')} have a second ACK`,
    ],
    uncertainties: [
      ...pool.clusters.flatMap(({ finding }, place) => {
        const phase = phases[place] ?? 'ordinary';
        return is_in(phase) ? [] : [`left out (${LEFT_OUT[phase]}): ${claimLine(finding)}`];
      }),
      ...unreadDoubts(pool),
      ...doubts,
    ],
    carriers: carriersOfFindings(pool, kept),
  });
}

const LEFT_OUT: Readonly<Record<Phase, string>> = {
  ordinary: '',
  found_twice: '',
  acked: '',
  denied: 'a second ACK was refused',
  unanswered: 'nobody gave a second ACK',
  not_asked: 'no second ACK was asked for',
};

/** Sources that found it and say themselves that it is as grave as `limit`: who makes less of it has not confirmed that. */
function authorsOf({ members }: FindingCluster, limit: number): ReadonlySet<string> {
  const grave = members.filter(({ severity }) => severityRank(severity) <= limit);
  return new Set(grave.flatMap(({ provenance }) => provenance.map(({ source }) => source)));
}

function batchesOf(view: View, voices: Voices, pool: Pool, places: readonly number[]): readonly Batch[] {
  const by_source = new Map<string | undefined, number[]>();
  const limit = severityRank(view.plan.strategy.ack_severity);
  for (const place of places) {
    const cluster = pool.clusters[place];
    const source = secondOf(view, voices, cluster === undefined ? new Set() : authorsOf(cluster, limit));
    by_source.set(source, [...(by_source.get(source) ?? []), place]);
  }
  return [...by_source].flatMap(([source, own]) => {
    const batches: Batch[] = [];
    for (let from = 0; from < own.length; from += BATCH_MAX) {
      const batch = own.slice(from, from + BATCH_MAX);
      const claims = batch.map((place) => claimOf(pool.clusters[place]));
      batches.push({ places: batch, ask: askOf('ack', source, ackPrompt(claims), batch[0]) });
    }
    return batches;
  });
}

function claimOf(cluster: FindingCluster | undefined): string {
  if (cluster === undefined) return '';
  const { finding } = cluster;
  return finding.proposed_fix === undefined
    ? claimLine(finding)
    : `${claimLine(finding)}\nFix: ${finding.proposed_fix}`;
}

/** The judge; else another source that has answered, the one that wins most often; else the arbiter (undefined). */
function secondOf(view: View, { heard }: Voices, authors: ReadonlySet<string>): string | undefined {
  const { judge } = view.plan.strategy;
  if (judge !== undefined && !authors.has(judge)) return judge;
  const others = heard.filter(({ answer }) => !authors.has(answer.source));
  const rate = ({ answer }: Voice): number => view.standing.winRate(answer.source) || 0;
  return [...others].sort((a, b) => rate(b) - rate(a) || b.standing - a.standing || a.answer.lane - b.answer.lane)[0]
    ?.answer.source;
}

function ofText(view: View, voices: Voices, { result, ballot }: Plurality): Verdict {
  const [leader] = ballot.tallies;
  const lanes: readonly number[] = leader?.lanes ?? (result.lane === undefined ? [] : [result.lane]);
  const authors = new Set(voices.heard.flatMap(({ answer }) => (lanes.includes(answer.lane) ? [answer.source] : [])));
  if (authors.size > 1) return verdictOf(view, noted(result, [`${authors.size} sources gave the same answer`]), false);
  const ask = askOf('ack', secondOf(view, voices, authors), ackPrompt([result.text]));
  const reply = replyTo(view, ask);
  if (reply === undefined && mayAsk(view)) return { kind: 'ask', asks: [ask] };
  if (acksIn(reply ?? '', 1).has(1)) return verdictOf(view, noted(result, ['the answer has a second ACK']), false);
  const doubt = reply === undefined || reply === '' ? LEFT_OUT.unanswered : LEFT_OUT.denied;
  return verdictOf(view, noted({ ...result, confidence: result.confidence / 2 }, [], [doubt]), false);
}
