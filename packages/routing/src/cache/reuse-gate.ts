/** When answers may be given again to prompts that are only like the one that they were given to. */
export interface ReuseSettings {
  /** Of a hundred answers that are given again so many may differ from what would have been said: a share, above 0, below 1. */
  readonly max_false_hits: number;
  /** Below it nothing is given again, whatever has been seen: 0 to 1. */
  readonly floor: number;
}

/** Thresholds that are tried, from the floor up to just below 1. */
const THRESHOLDS = 20;
/** Chance that a threshold is ever taken whose false hits are more than allowed; each of them has its part of it. */
const DELTA = 0.05;
/** What is staked on each comparison, as parts of the most that may be: bold stakes find good thresholds soon, timid ones stand a miss. */
const STAKES: readonly number[] = [0.9, 0.5, 0.2];

/**
 * Finds, from comparisons, the least likeness from which on answers may be given again, so that the share of false hits among
 * them stays under a bound. For each of twenty thresholds a test by betting runs against "more than the bound are false"
 * (Waudby-Smith, Ramdas 2024): its wealth may be looked at after each comparison, and reaches 20 / 0.05 with a chance of at most
 * 0.05 / 20 where that is so (Ville's inequality), so that with a chance of 0.95 none is ever taken that should not be. The least
 * that holds is in force. It is still watched: when what is compared from then on says the contrary, it and all below begin
 * anew. It holds for as long as prompts are like those that were compared.
 */
export class ReuseGate {
  readonly #floor: number;
  readonly #tests: readonly ThresholdTest[];
  #compared = 0;
  #different = 0;

  constructor({ floor, max_false_hits }: ReuseSettings) {
    this.#floor = floor;
    this.#tests = Array.from(
      { length: THRESHOLDS },
      (_, i) => new ThresholdTest(floor + ((1 - floor) * i) / THRESHOLDS, max_false_hits),
    );
  }

  /** Likeness from which on answers may be given again; undefined: it is not known yet. */
  get threshold(): number | undefined {
    return this.#tests.find(({ holds }) => holds)?.from;
  }

  /** Answers that were compared, and how many of them differed. */
  get compared(): { readonly all: number; readonly different: number } {
    return { all: this.#compared, different: this.#different };
  }

  /** Whether a prompt of this likeness is worth comparing. */
  counts(likeness: number): boolean {
    return likeness >= this.#floor;
  }

  allows(likeness: number): boolean {
    const { threshold } = this;
    return threshold !== undefined && likeness >= threshold;
  }

  /** A prompt of this likeness was asked all the same, and the answer was the same, or not. */
  told(likeness: number, is_same: boolean): void {
    if (!this.counts(likeness)) return;
    this.#compared += 1;
    if (!is_same) this.#different += 1;
    for (const test of this.#tests) if (likeness >= test.from) test.told(is_same);
    const refuted = this.#tests.findLastIndex(({ is_refuted }) => is_refuted);
    for (let i = 0; i <= refuted; i += 1) this.#tests[i]?.reset();
  }
}

const ENOUGH = Math.log(THRESHOLDS / DELTA);

/** Of one threshold. Logarithms of wealth for each stake; the mean over stakes is a test, too. */
class ThresholdTest {
  readonly from: number;
  readonly #bound: number;
  #fewer: readonly number[] = NOTHING;
  /** While it holds: that more are false. */
  #more: readonly number[] = NOTHING;
  #holds = false;

  constructor(from: number, bound: number) {
    this.from = from;
    this.#bound = bound;
  }

  /** Fewer than the bound are false. What was found once stands until it is refuted. */
  get holds(): boolean {
    return this.#holds;
  }

  get is_refuted(): boolean {
    return this.#holds && logMean(this.#more) >= ENOUGH;
  }

  told(is_same: boolean): void {
    const wrong = is_same ? 0 : 1;
    if (this.#holds) {
      this.#more = this.#more.map((sum, i) => sum + Math.log1p((STAKES[i] ?? 0) * (wrong - this.#bound)));
      return;
    }
    const most = 1 / (1 - this.#bound);
    this.#fewer = this.#fewer.map((sum, i) => sum + Math.log1p((STAKES[i] ?? 0) * most * (this.#bound - wrong)));
    if (logMean(this.#fewer) >= ENOUGH) this.#holds = true;
  }

  reset(): void {
    [this.#fewer, this.#more, this.#holds] = [NOTHING, NOTHING, false];
  }
}

const NOTHING: readonly number[] = STAKES.map(() => 0);

function logMean(logs: readonly number[]): number {
  const most = Math.max(...logs);
  return most + Math.log(logs.reduce((sum, one) => sum + Math.exp(one - most), 0) / logs.length);
}
