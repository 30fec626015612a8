/** One comparison of a shadow with whoever answered the client, see `shadow.compared` of the ledger. */
export interface Comparison {
  readonly champion: string;
  readonly challenger: string;
  readonly is_whole: boolean;
  readonly is_readable: boolean;
  readonly champion_is_readable: boolean;
  /** 0 to 1. */
  readonly agreement: number;
  readonly agrees: boolean;
  readonly latency_ms: number;
  readonly champion_latency_ms: number;
  readonly cost_usd_nanos: number;
  readonly champion_cost_usd_nanos: number;
  readonly is_priced: boolean;
}

/** What comparisons of one challenger add up to. Shares are in [0, 1]. */
export interface Evidence {
  readonly samples: number;
  /** Answers that can be read in the form of the champion's. */
  readonly format_share: number;
  /** Successes of the challenger over those of its champions; a champion succeeds when its answer can be read. */
  readonly parity: number;
  /** Who would have had to ask somebody else: no whole answer came. */
  readonly escalation_share: number;
  readonly agreement: number;
  /** Mean latency over that of the champions; 1 where theirs is 0. */
  readonly latency_ratio: number;
  /** Cost over that of the champions; undefined where a price is not known, or theirs is 0. */
  readonly cost_ratio: number | undefined;
}

/** A challenger is right when its answer is whole, can be read, and is the champion's. */
export function succeeds({ is_whole, is_readable, agrees }: Comparison): boolean {
  return is_whole && is_readable && agrees;
}

/** What is known of a challenger by its comparisons. */
export function evidenceOf(comparisons: readonly Comparison[]): Evidence {
  const n = comparisons.length;
  const count = (which: (one: Comparison) => boolean): number => comparisons.filter(which).length;
  const sum = (of: (one: Comparison) => number): number => comparisons.reduce((all, one) => all + of(one), 0);
  const share = (part: number): number => (n === 0 ? 0 : part / n);
  const champions = count((one) => one.champion_is_readable);
  const theirs_ms = sum((one) => one.champion_latency_ms);
  const theirs_usd = sum((one) => one.champion_cost_usd_nanos);
  const is_priced = n > 0 && comparisons.every((one) => one.is_priced);
  return {
    samples: n,
    format_share: share(count((one) => one.is_readable)),
    parity: champions === 0 ? 0 : count(succeeds) / champions,
    escalation_share: share(count((one) => !one.is_whole)),
    agreement: share(sum((one) => one.agreement)),
    latency_ratio: theirs_ms === 0 ? 1 : sum((one) => one.latency_ms) / theirs_ms,
    cost_ratio: is_priced && theirs_usd > 0 ? sum((one) => one.cost_usd_nanos) / theirs_usd : undefined,
  };
}

/** Of the last answers of a model, whichever side it was on, how many could not be read. */
export function formatErrors(
  model: string,
  comparisons: readonly Comparison[],
  last: number,
): { readonly answers: number; readonly errors: number } {
  const own = comparisons.filter((one) => one.champion === model || one.challenger === model).slice(-last);
  const errors = own.filter((one) => !(one.challenger === model ? one.is_readable : one.champion_is_readable)).length;
  return { answers: own.length, errors };
}
