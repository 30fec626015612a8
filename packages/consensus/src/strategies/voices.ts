import type { LaneAnswer } from '../answer.ts';
import type { StrategySettings } from '../plan.ts';
import type { View } from '../strategy.ts';

/** A vote that was cut short counts for half: its author might have gone on to say something else. */
export const PARTIAL = 0.5;

/** Log-odds above this say no more than "always right"; a source that claims more has been learned wrongly. */
const STANDING_MAX = 20;

/**
 * How far two clones of one source err together. Answers of `k` clones count for `k / (1 + (k − 1) · 0.5)` of one answer,
 * the effective size of a sample of which all share a cluster (L. Kish, Survey Sampling, 1965): at most for two.
 */
const CLONE_CORRELATION = 0.5;

/** An answer that is heard, and what it counts. */
export interface Voice {
  readonly answer: LaneAnswer;
  /** What its word counts, 0 or more. */
  readonly weight: number;
  /** What its vote counts for an answer: as its word, but whoever is most often wrong speaks against what he says. */
  readonly vote: number;
  /** Of its source, without any discount; ties go to the highest. */
  readonly standing: number;
}

/** A lane that may still answer, and what its word and its vote may count at most. */
export interface OpenVoice {
  readonly lane: number;
  readonly weight: number;
  readonly vote: number;
  readonly standing: number;
}

/** Who is heard. Both in the order of lanes. */
export interface Voices {
  readonly heard: readonly Voice[];
  readonly open: readonly OpenVoice[];
}

export function isChallenger(view: View, lane: number): boolean {
  return view.plan.members[lane]?.is_challenger === true;
}

/** A source below chance is not heard; one of whom nothing can be said counts 1. */
export function standingOf(view: Pick<View, 'standing'>, source: string): number {
  return Math.max(0, voteOf(view, source));
}

function voteOf({ standing }: Pick<View, 'standing'>, source: string): number {
  const weight = standing.weight(source);
  return Number.isNaN(weight) ? 1 : Math.min(STANDING_MAX, Math.max(-STANDING_MAX, weight));
}

/** Answers that say something, each lane once, in the order of lanes. */
export function answersOf(view: View): readonly LaneAnswer[] {
  const by_lane = new Map<number, LaneAnswer>();
  for (const answer of view.answers) {
    const says = answer.key !== '' || answer.text.trim() !== '' || answer.findings !== undefined;
    if (says && !by_lane.has(answer.lane)) by_lane.set(answer.lane, answer);
  }
  return [...by_lane.values()].sort((a, b) => a.lane - b.lane);
}

/**
 * All answers but those of challengers, with their weights. `equal`: 1 each. `learned`: by the standing of the source,
 * discounted for its clones, of whom those count that have an answer or may still have one; when nobody is better than
 * chance, all count the same.
 */
export function voicesOf(view: View, weights: StrategySettings['weights'] = view.plan.strategy.weights): Voices {
  return weigh(
    view,
    answersOf(view).filter(({ lane }) => !isChallenger(view, lane)),
    view.open.filter(({ lane }) => !isChallenger(view, lane)),
    weights,
  );
}

/** As `voicesOf`, of everybody. */
export function allVoicesOf(view: View): Voices {
  return weigh(view, answersOf(view), view.open, view.plan.strategy.weights);
}

function weigh(
  view: View,
  answers: readonly LaneAnswer[],
  open: View['open'],
  weights: StrategySettings['weights'],
): Voices {
  const everybody = [...answers, ...open];
  const clones = new Map<string, number>();
  for (const { source } of everybody) clones.set(source, (clones.get(source) ?? 0) + 1);
  const is_equal = weights === 'equal' || everybody.every(({ source }) => standingOf(view, source) === 0);
  const of = (source: string, part: number): Pick<Voice, 'weight' | 'vote' | 'standing'> => {
    const vote = is_equal ? 1 : voteOf(view, source) / (1 + CLONE_CORRELATION * ((clones.get(source) ?? 1) - 1));
    return { weight: Math.max(0, vote * part), vote: vote * part, standing: standingOf(view, source) };
  };
  return {
    heard: answers.map((answer) => ({ answer, ...of(answer.source, answer.is_partial ? PARTIAL : 1) })),
    open: open.map(({ lane, source }) => ({ lane, ...of(source, 1) })),
  };
}
