import { type Comparison, succeeds } from './evidence.ts';

/** Comparisons of one thing: how often one side was better, and how sure it is that the sides differ. */
export interface SignTest {
  readonly wins: number;
  readonly losses: number;
  /** Always valid: whenever it is looked at, and however often, it is below α with a chance of α at most if there is no difference. */
  readonly p: number;
}

/** A challenger beside one champion. A win is the challenger's. */
export interface Experiment {
  readonly champion: string;
  readonly challenger: string;
  readonly samples: number;
  /** Right where the other is not; the champion's word is taken for right where both can be read. */
  readonly quality: SignTest;
  readonly latency: SignTest;
  readonly cost: SignTest;
}

/**
 * A mixture sequential probability ratio test on the signs of paired differences (mSPRT: Robbins 1970; Johari, Koomen,
 * Pekelis, Walsh 2022). Under no difference a pair that differs is a win with a chance of 1/2; the mixture over other
 * chances is uniform. The ratio is a martingale then, so that by Ville's inequality the least 1/ratio so far is a p-value at
 * any time. Exact for any number of pairs, with no variance to be estimated. Ties say nothing.
 */
export class AlwaysValid {
  #wins = 0;
  #losses = 0;
  #log_ratio = 0;
  #p = 1;

  /** Above 0: a win; below 0: a loss. */
  add(sign: number): void {
    if (sign === 0 || Number.isNaN(sign)) return;
    const seen = this.#wins + this.#losses;
    // The chance that the mixture gave to what came, over 1/2.
    const chance = ((sign > 0 ? this.#wins : this.#losses) + 1) / (seen + 2);
    this.#log_ratio += Math.log(2 * chance);
    if (sign > 0) this.#wins += 1;
    else this.#losses += 1;
    this.#p = Math.min(this.#p, Math.exp(-this.#log_ratio));
  }

  get result(): SignTest {
    return { wins: this.#wins, losses: this.#losses, p: this.#p };
  }
}

/** One experiment for each champion, in the order of their names. `comparisons` of one challenger, oldest first. */
export function experimentsOf(challenger: string, comparisons: readonly Comparison[]): readonly Experiment[] {
  const champions = [...new Set(comparisons.map((one) => one.champion))].sort();
  return champions.map((champion) => {
    const pairs = comparisons.filter((one) => one.champion === champion && one.challenger === challenger);
    const [quality, latency, cost] = [new AlwaysValid(), new AlwaysValid(), new AlwaysValid()];
    for (const one of pairs) {
      quality.add(Number(succeeds(one)) - Number(one.champion_is_readable));
      latency.add(one.champion_latency_ms - one.latency_ms);
      if (one.is_priced) cost.add(one.champion_cost_usd_nanos - one.cost_usd_nanos);
    }
    const results = { quality: quality.result, latency: latency.result, cost: cost.result };
    return { champion, challenger, samples: pairs.length, ...results };
  });
}
