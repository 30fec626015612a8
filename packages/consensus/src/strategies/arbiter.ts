import { type Comparable, comparable, findingAgreement } from '../agreement/findings.ts';
import type { Finding } from '../answer.ts';
import { findingId } from '../findings/canonical.ts';
import { COMPARISONS_MAX, type FindingCluster, SAME_FROM } from '../findings/cluster.ts';
import { readFindings } from '../findings/read.ts';
import type { Reconciled, Strategy, Verdict, View } from '../strategy.ts';
import { Sources } from './added-claims.ts';
import { firstOf, firstResult } from './first-win.ts';
import { foremost, type Plurality, pluralityOf } from './plurality.ts';
import { claimLine, findingsText, type Pool } from './pool.ts';
import { PoolMemo } from './memo.ts';
import { arbiterPrompt } from './prompts.ts';
import { askOf, mayAsk, replyTo } from './replies.ts';
import { counted, isAnyOpen, noted, nothing, resultOf, verdictOf } from './result.ts';
import type { StrategyTools } from './tools.ts';
import type { Voice } from './voices.ts';

/** Different answers that the arbiter gets, those with the most votes. */
const ANSWERS_MAX = 16;
/** A longer rewrite is dropped: it is to be made of answers, not to add to them. */
const REWRITE_CHARS = 131_072;
/** Part of a rewrite that may be taken out before it is dropped as a whole. */
const REMOVED_MAX = 1 / 3;

/**
 * Another agent writes one answer out of all. Each of its sentences, and each of its findings, must be said by one of them
 * (`Sources`); what is not is taken out, and when that is more than a third the first answer wins instead. Where all agree
 * nobody is asked.
 */
export function arbiterOf({ vectors, aliases }: Pick<StrategyTools, 'vectors' | 'aliases'>): Strategy {
  const pools = new PoolMemo(vectors);
  return {
    kind: 'arbiter',
    is_order_free: false,
    decide(view) {
      const found = pluralityOf(view);
      if (found === undefined) return nothing(view);
      const voices = differentOf(found);
      if (isAnyOpen(view)) {
        pools.prepare({ heard: voices });
        return verdictOf(view, noted(found.result, ['the arbiter is asked once all have answered']), false);
      }
      if (voices.length < 2)
        return verdictOf(view, noted(found.result, ['all agree: there is nothing to arbitrate']), true);
      const ask = askOf('arbiter', undefined, arbiterPrompt(voices.map(({ answer }) => answer.text)));
      const reply = replyTo(view, ask);
      if (reply === undefined && mayAsk(view)) return { kind: 'ask', asks: [ask] };
      const pool = pools.of({ heard: voices });
      return arbitrated(view, found, { voices, pool }, reply ?? '', { vectors, aliases });
    },
  };
}

/** One voice for each different answer, best supported first. */
function differentOf({ ballot, voices: { heard } }: Plurality): readonly Voice[] {
  const keyed = ballot.tallies.flatMap(({ key }) => foremost(heard.filter(({ answer }) => answer.key === key)) ?? []);
  const blank = heard.filter(({ answer }) => answer.key === '' && answer.text.trim() !== '');
  return [...keyed, ...blank].slice(0, ANSWERS_MAX);
}

function arbitrated(
  view: View,
  found: Plurality,
  { voices: given, pool }: { readonly voices: readonly Voice[]; readonly pool: Pool | undefined },
  reply: string,
  tools: Pick<StrategyTools, 'vectors' | 'aliases'>,
): Verdict {
  if (reply.trim() === '') return firstInstead(view, found, 'the arbiter gave no answer');
  if (reply.length > REWRITE_CHARS) return firstInstead(view, found, 'the arbiter wrote more than it may');
  const texts = given.map(({ answer }) => answer.text);
  const rewrite = pool === undefined ? textOf(texts, reply) : findingsOf(pool, reply, tools);
  if (rewrite === undefined) return firstInstead(view, found, 'the arbiter gave no findings that can be read');
  const { text, findings, total, removed, left_out } = rewrite;
  const is_empty = text === '' || (total === 0 && findings === undefined);
  if (is_empty || removed.length > REMOVED_MAX * total) {
    return firstInstead(view, found, `${removed.length} of ${total} parts of what the arbiter wrote are in no answer`);
  }
  const result = resultOf(view, {
    text,
    findings,
    agreement: found.result.agreement,
    confidence: found.result.confidence * (1 - removed.length / Math.max(1, total)),
    why: [
      `the arbiter wrote one answer out of ${counted(given.length, 'different answer')}`,
      `${total - removed.length} of its ${total} parts are in an answer`,
    ],
    uncertainties: [
      ...removed.map((part) => `taken out, as no answer says it: ${part}`),
      ...left_out.map((part) => `left out by the arbiter: ${part}`),
    ],
    carriers: given.map(({ answer, weight }) => [answer.lane, weight]),
  });
  return verdictOf(view, result, true);
}

/** What of a rewrite is left, and what was taken out. */
interface Rewrite {
  readonly text: string;
  readonly findings: readonly Finding[] | undefined;
  readonly total: number;
  readonly removed: readonly string[];
  /** Findings of answers that it does not have; of sentences that cannot be told. */
  readonly left_out: readonly string[];
}

function textOf(texts: readonly string[], reply: string): Rewrite {
  const { text, sentences, removed } = new Sources(texts).check(reply);
  return { text, findings: undefined, total: sentences, removed, left_out: [] };
}

/**
 * Of each rewritten finding only the words are the arbiter's, and only when those say them who found it: place, severity,
 * evidence and fix are those of the finding that it agrees with. Two that agree with one are one.
 */
function findingsOf(
  pool: Pool,
  reply: string,
  { vectors, aliases }: Pick<StrategyTools, 'vectors' | 'aliases'>,
): Rewrite | undefined {
  const { findings } = readFindings(reply, { lane: -1, source: 'arbiter' }, aliases);
  if (findings === undefined) return undefined;
  const given = pool.clusters.map((cluster) => comparable(cluster.finding, vectors));
  const kept = new Map<number, Finding>();
  const removed: string[] = [];
  const budget = { left: COMPARISONS_MAX };
  for (const finding of findings) {
    const place = agreedWith(comparable(finding, vectors), given, budget);
    const cluster = place === undefined ? undefined : pool.clusters[place];
    if (place === undefined || cluster === undefined) removed.push(finding.claim);
    else if (!kept.has(place)) {
      const claim = saysAll(cluster, finding.claim) ? finding.claim : cluster.finding.claim;
      const named = { ...cluster.finding, claim };
      kept.set(place, { ...named, id: findingId(named) });
    }
  }
  const list = [...kept].sort(([a], [b]) => a - b).map(([, finding]) => finding);
  const left_out = pool.clusters.flatMap(({ finding }, place) => (kept.has(place) ? [] : [claimLine(finding)]));
  return { text: findingsText(list), findings: list, total: findings.length, removed, left_out };
}

function saysAll({ members }: FindingCluster, claim: string): boolean {
  return members.some((one) => one.claim === claim) || isSaid(members, claim);
}

function isSaid(members: readonly Finding[], claim: string): boolean {
  const { sentences, removed } = new Sources(members.map((one) => one.claim)).check(claim);
  return sentences > 0 && removed.length === 0;
}

/** The place of the finding that it agrees with most, of several the first; undefined: with none, or there was no time to look. */
function agreedWith(own: Comparable, given: readonly Comparable[], budget: { left: number }): number | undefined {
  let best: number | undefined;
  let most = SAME_FROM;
  given.forEach((other, place) => {
    const [a, b] = [own.finding.file, other.finding.file];
    if ((a !== '' && b !== '' && a !== b) || budget.left <= 0) return;
    budget.left -= 1;
    const score = findingAgreement(own, other, most);
    if (score > most || (best === undefined && score >= most)) [best, most] = [place, score];
  });
  return best;
}

function firstInstead(view: View, found: Plurality, why: string): Verdict {
  const { voices } = found;
  const first = firstOf(view, voices) ?? foremost(voices.heard);
  if (first === undefined) return nothing(view);
  const result: Reconciled = firstResult(view, voices, first, ['the first answer stands in for that of the arbiter']);
  return verdictOf(view, noted(result, [], [why]), true);
}
