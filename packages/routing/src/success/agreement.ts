/** What two have said of the same answers: how often each pair of verdicts came. */
export interface VerdictPairs {
  readonly both_right: number;
  /** The judge alone. */
  readonly judge_right: number;
  /** The other alone. */
  readonly said_right: number;
  readonly both_wrong: number;
}

export const NO_PAIRS: VerdictPairs = { both_right: 0, judge_right: 0, said_right: 0, both_wrong: 0 };

export interface Agreement {
  readonly n: number;
  /** Share of the answers of which both said the same, 0 to 1. */
  readonly agreement: number;
  /**
   * Cohen's kappa (Cohen 1960): what of the agreement is not by chance, −1 to 1, 0 where as much was to be expected of two who do
   * not look. Undefined where both have said the same of all, so that there is nothing to tell apart.
   */
  readonly kappa: number | undefined;
}

/** From here on an answer is more right than wrong. */
export function isMoreRight(right: number): boolean {
  return right >= 0.5;
}

export function withPair(pairs: VerdictPairs, judge: number, said: number): VerdictPairs {
  const key = isMoreRight(judge)
    ? isMoreRight(said)
      ? 'both_right'
      : 'judge_right'
    : isMoreRight(said)
      ? 'said_right'
      : 'both_wrong';
  return { ...pairs, [key]: pairs[key] + 1 };
}

/** Undefined: there is no pair. */
export function agreementOf({ both_right, judge_right, said_right, both_wrong }: VerdictPairs): Agreement | undefined {
  const n = both_right + judge_right + said_right + both_wrong;
  if (n === 0) return undefined;
  const agreement = (both_right + both_wrong) / n;
  const judge = (both_right + judge_right) / n;
  const other = (both_right + said_right) / n;
  const by_chance = judge * other + (1 - judge) * (1 - other);
  return { n, agreement, kappa: by_chance === 1 ? undefined : (agreement - by_chance) / (1 - by_chance) };
}

/** Who has said something in place of a person, as records have it: `validator:<kinds>` is each of these; undefined: a person. */
export function sourcesOf(by: string | undefined): readonly string[] {
  if (by === undefined) return ['person'];
  if (by.startsWith('signal:')) return ['signal'];
  const kinds = /^validator:(.+)$/.exec(by)?.[1];
  return kinds === undefined ? [] : kinds.split('+').map((kind) => `validator:${kind}`);
}

/** Records of a judge say which model it was behind this. */
export const JUDGE = 'judge:';

export function isJudge(by: string | undefined): boolean {
  return by?.startsWith(JUDGE) === true;
}
