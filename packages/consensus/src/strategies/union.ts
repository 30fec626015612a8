import { clip } from '@atp-router/kernel';
import type { Reconciled, Strategy, View } from '../strategy.ts';
import type { StrategyTools } from './tools.ts';
import { foremost, pluralityOf } from './plurality.ts';
import { carriersOfFindings, findingsText, type Pool, supportOf, told, unreadDoubts, withinBounds } from './pool.ts';
import { PoolMemo } from './memo.ts';
import { answerResult, counted, isWaited, noted, nothing, resultOf, verdictOf } from './result.ts';
import { type Voices, voicesOf } from './voices.ts';

/** Different answers that are listed, and characters of each. */
const LISTED_MAX = 16;
const LISTED_CHARS = 16_384;

/**
 * All that anybody found, each once. Whoever wins most often is believed where they differ; how grave something is is the
 * gravest that was said, from high on. Texts without findings: all different answers, those with the most votes first.
 */
export function unionOf({ vectors }: Pick<StrategyTools, 'vectors'>): Strategy {
  const pools = new PoolMemo(vectors);
  return {
    kind: 'union',
    is_order_free: true,
    decide(view) {
      const voices = voicesOf(view);
      if (voices.heard.length === 0) return nothing(view);
      if (isWaited(view)) return pools.wait(voices);
      const pool = pools.of(voices);
      return verdictOf(view, pool === undefined ? unitedTexts(view, voices) : unitedFindings(view, pool), false);
    },
  };
}

function unitedFindings(view: View, pool: Pool): Reconciled {
  const { clusters, reviewers, agreement } = pool;
  const [only] = reviewers;
  const united = clusters.map((cluster) => told(view, pool, cluster));
  const disputed = united.filter(({ is_disputed }) => is_disputed);
  const support = clusters.reduce((sum, cluster) => sum + supportOf(pool, cluster), 0);
  const said = {
    agreement,
    // Part of the reviewers that stands behind a finding; that there is none is as sure as many say so.
    confidence: clusters.length > 0 ? support / clusters.length : (reviewers.length + 1) / (reviewers.length + 2),
    carriers: carriersOfFindings(pool, clusters),
  };
  if (only !== undefined && reviewers.length === 1) {
    const why = [`lane ${only.answer.lane} is the only one with findings`];
    return answerResult(view, only.answer, {
      ...said,
      confidence: only.answer.confidence ?? 0.5,
      why,
      uncertainties: unreadDoubts(pool),
    });
  }
  const { findings, doubts } = withinBounds(united.map(({ finding }) => finding));
  const shared = clusters.filter(({ lanes }) => lanes.length > 1).length;
  return resultOf(view, {
    ...said,
    text: findingsText(findings),
    findings,
    why: [
      `${counted(reviewers.length, 'answer')} with ${counted(
        reviewers.reduce((sum, { answer }) => sum + (answer.findings?.length ?? 0), 0),
        'finding',
      )} in all, of which ${clusters.length} are different`,
      `given more than once: ${shared}`,
    ],
    uncertainties: [
      ...unreadDoubts(pool),
      ...doubts,
      ...disputed.map(
        ({ finding }) => `type or severity is disputed: ${finding.severity} ${finding.type}: ${finding.claim}`,
      ),
    ],
  });
}

function unitedTexts(view: View, voices: Voices): Reconciled {
  const found = pluralityOf(view, { voices });
  const { heard } = voices;
  const groups = (found?.ballot.tallies ?? []).map((tally) => ({
    voice: foremost(heard.filter(({ answer }) => answer.key === tally.key)),
    lanes: tally.lanes,
    weight: tally.weight,
  }));
  const blank = heard.filter(({ answer }) => answer.key === '');
  const all = [...groups, ...blank.map((voice) => ({ voice, lanes: [voice.answer.lane], weight: voice.weight }))];
  const rate = ({ voice }: (typeof all)[number]): number => view.standing.winRate(voice?.answer.source ?? '') || 0;
  // Sums of weights that are the same but for rounding are a tie.
  const steps = ({ weight }: (typeof all)[number]): number => Math.round(weight * 1e9);
  all.sort((a, b) => steps(b) - steps(a) || rate(b) - rate(a) || (a.lanes[0] ?? 0) - (b.lanes[0] ?? 0));
  if (found !== undefined && all.length === 1) return noted(found.result, ['there is one answer to list']);
  const listed = all.slice(0, LISTED_MAX);
  const title = (lanes: readonly number[]): string => `${lanes.length} of ${counted(heard.length, 'answer')}`;
  return resultOf(view, {
    text: listed.map(({ voice, lanes }) => `${title(lanes)}:\n${cut(voice?.answer.text ?? '')}`).join('\n\n'),
    agreement: found?.result.agreement ?? 0,
    confidence: found?.result.confidence ?? 0,
    why: [`${counted(all.length, 'different answer')}, those with the most weight first`],
    uncertainties: [
      ...(all.length > listed.length ? [`${all.length - listed.length} more are not listed`] : []),
      ...(found?.result.uncertainties.slice(0, 1) ?? []),
    ],
    carriers: heard.map(({ answer, weight }) => [answer.lane, weight]),
  });
}

function cut(text: string): string {
  return text.length > LISTED_CHARS ? `${clip(text, LISTED_CHARS)}\n[cut]` : text;
}
