import type { Reconciled, View } from '../strategy.ts';
import { type Ballot, ballotOf, confidenceOf, isDecided, shareOf, type Tally } from './ballot.ts';
import { answerResult, type Carrier, counted, rounded } from './result.ts';
import { type Voice, type Voices, voicesOf } from './voices.ts';

export interface Plurality {
  readonly result: Reconciled;
  /** No open lane can change which answer has the most. */
  readonly is_safe: boolean;
  readonly voices: Voices;
  readonly ballot: Ballot;
}

export interface VoteOptions {
  readonly quorum?: number | undefined;
  readonly voices?: Voices | undefined;
  /** Discount of the vote of a lane, 0 to 1. */
  readonly factor?: ((lane: number) => number) | undefined;
}

/**
 * The answer with the most votes; where nobody has an answer to vote for, that of the source with the highest standing.
 * Undefined: there is none at all. Other strategies fall back to it.
 */
export function pluralityOf(view: View, options: VoteOptions = {}): Plurality | undefined {
  const voices = options.voices ?? voicesOf(view);
  const ballot = ballotOf(voices, options.quorum, options.factor);
  const [leader] = ballot.tallies;
  const voice = foremost(voices.heard.filter(({ answer }) => leader === undefined || answer.key === leader.key));
  if (voice === undefined) return undefined;
  if (leader === undefined) {
    return { result: ofNoVotes(view, voice, voices), is_safe: voices.open.length === 0, voices, ballot };
  }
  const result = answerResult(view, voice.answer, {
    agreement: shareOf(ballot, leader),
    confidence: confidenceOf(ballot, view.plan.strategy.weights),
    why: whyOf(ballot, leader, voice),
    uncertainties: doubtsOf(ballot),
    carriers: carriersOf(voices, leader, options.factor),
  });
  return { result, is_safe: isDecided(ballot, voices, options.quorum), voices, ballot };
}

/** Whose words stand for those who say the same: one that is whole, of the highest standing, of the first lane. */
export function foremost(voices: readonly Voice[]): Voice | undefined {
  const before = (a: Voice, b: Voice): boolean =>
    a.answer.is_partial === b.answer.is_partial ? a.standing > b.standing : b.answer.is_partial;
  return voices.reduce<Voice | undefined>(
    (best, voice) => (best === undefined || before(voice, best) ? voice : best),
    undefined,
  );
}

/** Who voted for an answer, and with how much. */
export function carriersOf({ heard }: Voices, { key }: Tally, factor: (lane: number) => number = () => 1): Carrier[] {
  return heard.flatMap(({ answer, weight }): Carrier[] =>
    answer.key === key ? [[answer.lane, weight * factor(answer.lane)]] : [],
  );
}

function ofNoVotes(view: View, voice: Voice, { heard }: Voices): Reconciled {
  return answerResult(view, voice.answer, {
    agreement: heard.length === 1 ? 1 : 0,
    confidence: 0,
    why: [`nobody gave an answer that can be counted; lane ${voice.answer.lane} has the highest standing`],
    uncertainties: ['no answer could be compared with another'],
    carriers: [[voice.answer.lane, 1]],
  });
}

function whyOf(ballot: Ballot, leader: Tally, { answer }: Voice): readonly string[] {
  const [, second] = ballot.tallies;
  const voted = ballot.tallies.reduce((sum, { lanes }) => sum + lanes.length, 0);
  return [
    `${leader.lanes.length} of ${counted(voted, 'vote')} with ${rounded(shareOf(ballot, leader))} of the weight gave the same answer`,
    second === undefined
      ? 'no other answer was given'
      : `the next has ${counted(second.lanes.length, 'vote')} with ${rounded(shareOf(ballot, second))} of the weight`,
    ...(second !== undefined && isTie(leader, second)
      ? ['a tie: it goes to the highest standing, then to the first lane']
      : []),
    `in the words of lane ${answer.lane}`,
  ];
}

function isTie(a: Tally, b: Tally): boolean {
  return Math.abs(a.weight - b.weight) < 1e-9;
}

function doubtsOf(ballot: Ballot): readonly string[] {
  const { blank, tallies } = ballot;
  return [
    ...(tallies.length > 1 ? [`${counted(tallies.length, 'different answer')} were given`] : []),
    ...(blank.length > 0 ? [`${counted(blank.length, 'answer')} had nothing to vote for`] : []),
  ];
}
