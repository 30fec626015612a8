import type { LaneAnswer } from '../answer.ts';
import type { Strategy, View } from '../strategy.ts';
import { ballotOf, confidenceWith, shareOf } from './ballot.ts';
import { foremost } from './plurality.ts';
import { answerResult, counted, nothing, rounded } from './result.ts';
import { allVoicesOf, answersOf, isChallenger } from './voices.ts';

/** A champion and those who might take its place, as far as they have answered. */
export interface Comparison {
  readonly champion: LaneAnswer;
  /** Part of all votes that the champion's answer has, 0 to 1. */
  readonly agreement: number;
  /** Chance that it is right, by who says the same, 0 to 1. */
  readonly confidence: number;
  /** Of the others, who gave the same answer. */
  readonly challengers: readonly { readonly lane: number; readonly is_same: boolean }[];
  /** Whose answer all together would have given; undefined: the champion's. */
  readonly would_win: number | undefined;
}

/**
 * The champion is the first member that is no challenger, and its answer is the result. Who else is there is heard and
 * compared with it. When it fails the next that is no challenger takes its place; a challenger never does.
 */
export const champion: Strategy = {
  kind: 'champion',
  is_order_free: true,
  decide(view) {
    const compared = compare(view);
    const is_awaited = view.open.some(
      ({ lane }) => !isChallenger(view, lane) && lane < (compared?.champion.lane ?? Number.POSITIVE_INFINITY),
    );
    if (compared === undefined || (is_awaited && !view.is_last)) return nothing(view);
    const result = answerResult(view, compared.champion, {
      agreement: compared.agreement,
      confidence: compared.confidence,
      why: whyOf(compared),
      uncertainties: is_awaited ? ['a lane before it has not answered yet'] : [],
      carriers: [[compared.champion.lane, 1]],
    });
    // Its answer stands, but what is said of its challengers changes with each of them.
    return { kind: 'done', result, is_safe: view.open.length === 0 };
  },
};

/** Undefined: no champion has answered. */
export function compare(view: View): Comparison | undefined {
  const answers = answersOf(view);
  const own = answers.find(({ lane }) => !isChallenger(view, lane));
  if (own === undefined) return undefined;
  const voices = allVoicesOf(view);
  const ballot = ballotOf(voices);
  const [leader] = ballot.tallies;
  const tally = ballot.tallies.find(({ key }) => key === own.key);
  const is_beaten = leader !== undefined && own.key !== leader.key;
  const winner = foremost(voices.heard.filter(({ answer }) => answer.key === leader?.key));
  return {
    champion: own,
    agreement: tally === undefined ? 1 / answers.length : shareOf(ballot, tally),
    confidence: confidenceWith(ballot, own.key, 0, view.plan.strategy.weights),
    challengers: answers
      .filter(({ lane }) => lane !== own.lane)
      .map(({ lane, key }) => ({ lane, is_same: key !== '' && key === own.key })),
    would_win: is_beaten ? winner?.answer.lane : undefined,
  };
}

function whyOf({ champion: own, agreement, challengers, would_win }: Comparison): readonly string[] {
  const same = challengers.filter(({ is_same }) => is_same).length;
  return [
    `lane ${own.lane} is the champion`,
    `${same} of ${counted(challengers.length, 'challenger')} gave the same answer, which has ${rounded(agreement)} of the weight`,
    would_win === undefined
      ? 'all together would have given it, too'
      : `all together would have given the answer of lane ${would_win}`,
  ];
}
