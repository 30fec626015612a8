import type { Ballot, Tally } from './ballot.ts';
import type { OpenVoice, Voices } from './voices.ts';

/**
 * Chance that an open lane changes which answer has the most votes, 0 to 1: the sum over all other answers, one that
 * nobody has given yet among them, of the chance that it passes the first.
 *
 * Samples are drawn until that is small (self-consistency: Wang et al. 2022, arXiv:2203.11171; stopping early: Aggarwal et al.
 * 2023, arXiv:2305.11860). As in their Beta criterion, of the votes that go to one of two answers the part of the second is
 * distributed as Beta(v₂ + 1, v₁ + 1); unlike there, not the chance that more people prefer it counts, but that it wins
 * with the votes that are left, which is a Beta-binomial tail.
 */
export function chanceOfChange({ tallies }: Ballot, { heard, open }: Voices): number {
  const [leader, ...rivals] = tallies;
  if (leader === undefined) return 1;
  const votes = heard.filter(({ answer }) => answer.key !== '');
  const heaviest = Math.max(...[...votes, ...open].map(({ vote }) => Math.abs(vote)));
  // Who speaks against what he says takes from the first by saying the same: as much as others by saying something else.
  const rising = open.map(({ vote }: OpenVoice) => Math.abs(vote)).sort((a, b) => a - b);
  const others = [...rivals.map(({ weight }) => weight), 0];
  const chance = others.reduce((sum, weight) => sum + chanceToPass(leader, weight, rising, heaviest), 0);
  return Math.min(1, chance);
}

/**
 * The rival gets the heaviest lanes and the first the lightest, so this is never too small. Lanes may fail or give a third
 * answer: the greatest chance over all numbers of lanes that vote for one of the two.
 */
function chanceToPass(leader: Tally, rival: number, rising: readonly number[], heaviest: number): number {
  // Votes in units of the heaviest are never more than votes: nobody seems better known than they are.
  const unit = heaviest > 0 ? heaviest : 1;
  const countOf = (weight: number): number => Math.max(0, weight) / unit + 1;
  let greatest = 0;
  for (let lanes = 1; lanes <= rising.length; lanes += 1) {
    const needed = votesToPass(leader.weight - rival, lanes, rising);
    if (needed > lanes) continue;
    greatest = Math.max(greatest, betaBinomialTail(needed, lanes, countOf(rival), countOf(leader.weight)));
  }
  return greatest;
}

/** The least number of `lanes` votes with which the lead is gone, one more than `lanes` where none suffices. A tie counts. */
function votesToPass(lead: number, lanes: number, rising: readonly number[]): number {
  let gap = lead;
  for (let i = 0; i < lanes; i += 1) gap += rising[i] ?? 0;
  for (let needed = 0; needed <= lanes; needed += 1) {
    if (gap <= 1e-9) return needed;
    gap -= (rising[rising.length - 1 - needed] ?? 0) + (rising[lanes - 1 - needed] ?? 0);
  }
  return lanes + 1;
}

/** P(X ≥ from) for X of `n` draws with chance p each, p ~ Beta(a, b). */
export function betaBinomialTail(from: number, n: number, a: number, b: number): number {
  let at = 1;
  for (let j = 0; j < n; j += 1) at *= (b + j) / (a + b + j);
  let tail = 0;
  for (let i = 0; i <= n; i += 1) {
    if (i >= from) tail += at;
    at *= ((n - i) / (i + 1)) * ((a + i) / (b + n - i - 1));
  }
  return Math.min(1, tail);
}
