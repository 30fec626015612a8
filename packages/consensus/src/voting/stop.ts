import type { Outcome } from './tally.ts';

/**
 * Chance that votes which are still open change what leads now, 0 to 1; 0 when they cannot. What the open sources will say is
 * drawn from the answers so far (Dirichlet, one vote for each of them and one for a new answer, as in Adaptive-Consistency,
 * Aggarwal et al. 2023), each counting with its weight, and taken as normal; chances of several rivals add up.
 */
export function flipRisk({ tally, weights }: Outcome, open: readonly number[]): number {
  const reach = open.reduce((sum, weight) => sum + Math.abs(weight), 0);
  if (reach === 0) return 0;
  const [lead, ...rivals] = tally.map(({ weight }) => weight).sort((a, b) => b - a);
  if (lead === undefined) return 1;
  const heard = weights.filter((weight) => weight > 0);
  const total = heard.reduce((sum, weight) => sum + weight, 0);
  const squares = heard.reduce((sum, weight) => sum + weight * weight, 0);
  // So many votes of equal weight would say as much.
  const votes = squares > 0 ? (total * total) / squares : 0;
  const drawn = votes + tally.length + 1;
  const part = (weight: number): number => ((total > 0 ? (votes * Math.max(0, weight)) / total : 0) + 1) / drawn;
  const open_squares = open.reduce((sum, weight) => sum + weight * weight, 0);
  const sum = open.reduce((all, weight) => all + weight, 0);
  let risk = 0;
  for (const rival of [...rivals, 0]) {
    if (lead - rival > reach) continue;
    const ahead = part(lead) - part(rival);
    const spread = part(lead) + part(rival) - ahead * ahead;
    const variance = open_squares * spread + (sum * sum * spread) / (drawn + 1);
    risk += normalTail((lead - rival + ahead * sum) / Math.sqrt(variance));
  }
  return Math.min(1, risk);
}

/** 1 - Φ(z), to 1e-7 (Abramowitz & Stegun 26.2.17). */
function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z);
  const t = 1 / (1 + 0.2316419 * z);
  const poly = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * poly;
}
