import { PARTIAL, type Voices } from './voices.ts';

/** What all who gave one answer count together. */
export interface Tally {
  readonly key: string;
  /** Sum of their votes; below 0 where those who are most often wrong say it. */
  readonly weight: number;
  /** How many they are; one that was cut short is half a vote. */
  readonly votes: number;
  /** The highest standing among them. */
  readonly standing: number;
  /** In their order. */
  readonly lanes: readonly number[];
}

export interface Ballot {
  /** The winner first. */
  readonly tallies: readonly Tally[];
  /** Of all answers that have weight. */
  readonly weight: number;
  /** Answers in which there was nothing to vote for. */
  readonly blank: readonly number[];
}

/** Sums of weights that differ by less than this are a tie: they may be the same sum in another order. */
const STEPS_PER_UNIT = 1e9;

/**
 * Counts votes by their keys; an empty key does not vote. More weight wins; where votes decide (`quorum`), an answer that
 * has as many is before all that have not. Ties go to the answer of the source with the highest standing, then to that of
 * the first lane. `factor` discounts single votes, 0 to 1.
 */
export function ballotOf(
  { heard }: Pick<Voices, 'heard'>,
  quorum?: number,
  factor: (lane: number) => number = () => 1,
): Ballot {
  const by_key = new Map<string, Tally & { lanes: number[] }>();
  const blank: number[] = [];
  for (const { answer, vote, standing } of heard) {
    if (answer.key === '') {
      blank.push(answer.lane);
      continue;
    }
    const tally = by_key.get(answer.key) ?? { key: answer.key, weight: 0, votes: 0, standing: 0, lanes: [] };
    by_key.set(answer.key, {
      ...tally,
      weight: tally.weight + vote * factor(answer.lane),
      votes: tally.votes + (answer.is_partial ? PARTIAL : 1),
      standing: Math.max(tally.standing, standing),
      lanes: [...tally.lanes, answer.lane],
    });
  }
  const tallies = [...by_key.values()].sort((a, b) => order(a, b, quorum));
  return { tallies, weight: tallies.reduce((sum, tally) => sum + Math.max(0, tally.weight), 0), blank };
}

function order(a: Tally, b: Tally, quorum: number | undefined): number {
  const reached = (tally: Tally): number => (quorum !== undefined && tally.votes >= quorum ? 1 : 0);
  const steps = (weight: number): number => Math.round(weight * STEPS_PER_UNIT);
  return (
    reached(b) - reached(a) ||
    steps(b.weight) - steps(a.weight) ||
    b.standing - a.standing ||
    (a.lanes[0] ?? 0) - (b.lanes[0] ?? 0)
  );
}

/**
 * Whether the first answer stays the first whatever open lanes say: none of the others would pass it with all their votes,
 * nor would an answer that nobody has given yet.
 */
export function isDecided({ tallies }: Ballot, { open }: Pick<Voices, 'open'>, quorum?: number): boolean {
  const [leader, ...rivals] = tallies;
  if (leader === undefined) return false;
  if (open.length === 0) return true;
  const unheard: Tally = { key: '', weight: 0, votes: 0, standing: 0, lanes: [] };
  const weight = open.reduce((sum, { vote }) => sum + Math.max(0, vote), 0);
  // Those that speak against what they say do the most harm by saying what the first says.
  const least: Tally = { ...leader, weight: open.reduce((sum, { vote }) => sum + Math.min(0, vote), leader.weight) };
  return [...rivals, unheard].every((rival) => {
    const most: Tally = {
      key: rival.key,
      weight: rival.weight + weight,
      votes: rival.votes + open.length,
      standing: Math.max(rival.standing, ...open.map(({ standing }) => standing)),
      lanes: [...rival.lanes, ...open.map(({ lane }) => lane)].sort((a, b) => a - b),
    };
    return order(least, most, quorum) < 0;
  });
}

/** Part of all votes that an answer has, 0 to 1. */
export function shareOf(ballot: Ballot, tally: Tally): number {
  if (ballot.weight > 0) return Math.max(0, tally.weight) / ballot.weight;
  const votes = ballot.tallies.reduce((sum, one) => sum + one.votes, 0);
  return votes > 0 ? tally.votes / votes : 0;
}

/** Votes of the average source for an answer that nobody gave: that all agree makes nothing certain, least of all two. */
const DOUBT = 0.5;

/**
 * Chance that the first answer is right, 0 to 1, before outcomes correct it. Of learned weights, in which 1 is the average
 * source: its part of all weight and of half a vote for an answer that nobody gave. Of equal ones: the rule of succession,
 * (votes + 1) ÷ (all + 2).
 */
export function confidenceOf(ballot: Ballot, weights: 'learned' | 'equal'): number {
  const [leader] = ballot.tallies;
  return leader === undefined ? 0 : confidenceWith(ballot, leader.key, 0, weights);
}

/** As `confidenceOf`, of any answer, with one more vote for it. */
export function confidenceWith(ballot: Ballot, key: string, vote: number, weights: 'learned' | 'equal'): number {
  const own = ballot.tallies.find((tally) => tally.key === key)?.weight ?? 0;
  const weight = own + vote;
  const all = ballot.weight - Math.max(0, own) + Math.max(0, weight);
  return weights === 'equal' ? (weight + 1) / (all + 2) : Math.max(0, weight) / (all + DOUBT);
}
