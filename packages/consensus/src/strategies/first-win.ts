import type { LaneAnswer } from '../answer.ts';
import type { Reconciled, Strategy, View } from '../strategy.ts';
import { ballotOf, confidenceWith, shareOf } from './ballot.ts';
import { foremost } from './plurality.ts';
import { answerResult, isAnyOpen, nothing, verdictOf } from './result.ts';
import { type Voice, type Voices, voicesOf } from './voices.ts';

/** The first answer that is whole, in order of arrival: the one strategy whose result depends on it. */
export const first_win: Strategy = {
  kind: 'first_win',
  is_order_free: false,
  decide(view) {
    const voices = voicesOf(view);
    const first = firstOf(view, voices);
    if (first !== undefined) return verdictOf(view, firstResult(view, voices, first, ['the first whole answer']), true);
    const best = foremost(voices.heard);
    if (best === undefined || (isAnyOpen(view) && !view.is_last)) return nothing(view);
    return verdictOf(
      view,
      firstResult(view, voices, best, ['no lane gave a whole answer; the part of the highest standing']),
      false,
    );
  },
};

/** The first whole answer, by arrival; those whose arrival is not known come after all others, in the order of lanes. */
export function firstOf(view: View, { heard }: Voices): Voice | undefined {
  const whole = heard.filter(({ answer }) => !answer.is_partial);
  const placeOf = ({ lane }: LaneAnswer): number => {
    const place = view.arrival.indexOf(lane);
    return place < 0 ? view.arrival.length + lane : place;
  };
  return whole.reduce<Voice | undefined>(
    (first, voice) => (first === undefined || placeOf(voice.answer) < placeOf(first.answer) ? voice : first),
    undefined,
  );
}

/** It is as sure as others are of it who have answered by then. */
export function firstResult(view: View, voices: Voices, { answer }: Voice, why: readonly string[]): Reconciled {
  const ballot = ballotOf(voices);
  const own = ballot.tallies.find(({ key }) => key === answer.key);
  return answerResult(view, answer, {
    agreement: own === undefined ? 1 / voices.heard.length : shareOf(ballot, own),
    confidence: confidenceWith(ballot, answer.key, 0, view.plan.strategy.weights),
    why: [...why, `of lane ${answer.lane}`],
    carriers: [[answer.lane, 1]],
  });
}
