import { around, EFFECTIVE_MIN, effectiveBy, type Guessed, NOTHING_GUESSED as NOTHING } from './guessed.ts';
import { chosenBy, type WhatIfCandidate, type WhatIfPolicy } from './policies.ts';

/** A call that was chosen for, as it is on record. */
export interface Observation {
  readonly candidates: readonly WhatIfCandidate[];
  /** One was asked, and its answer taken; else a cascade, which no other policy here would have begun. */
  readonly is_single: boolean;
  readonly first: string;
  /** How likely it was that it would be asked first, and so: above 0. */
  readonly propensity: number;
  readonly cost_usd: number;
  /** How right the result was, 0 to 1; undefined: nobody has said. */
  readonly right: number | undefined;
}

export interface WhatIf {
  /** Calls that it rests on: for how right, those of which somebody has said it. */
  readonly calls: number;
  readonly told: number;
  /** Calls that would have been chosen for alike. */
  readonly alike: number;
  /** As many calls of the other policy's own would be as sure (Kish 1965). */
  readonly effective: number;
  /** What was, of the same calls. */
  readonly was: { readonly right: Guessed; readonly cost_usd: Guessed };
  /** By the calls alone that would have been chosen for alike (Horvitz, Thompson 1952; normalised, Swaminathan, Joachims 2015). */
  readonly ips: { readonly right: Guessed; readonly cost_usd: Guessed };
  /** The same on what the model of the record has left unexplained: right where either is (Dudík, Langford, Li 2011). */
  readonly doubly_robust: { readonly right: Guessed; readonly cost_usd: Guessed };
  /** Why it need not be so, in words; empty: it is as sure as its bounds say. */
  readonly doubts: readonly string[];
}

/** What another policy would have come to on the same calls. */
export function whatIf(observations: readonly Observation[], policy: WhatIfPolicy): WhatIf {
  const rows = observations.flatMap((one): Row[] => {
    const target = chosenBy(policy, one.candidates);
    if (target === undefined || !(one.propensity > 0)) return [];
    const weight = one.is_single && one.first === target.model ? 1 / one.propensity : 0;
    return [{ one, target, weight }];
  });
  const told = rows.filter(({ one }) => one.right !== undefined);
  const alike = rows.filter(({ weight }) => weight > 0).length;
  const effective = effectiveOf(told);
  return {
    ...{ calls: rows.length, told: told.length, alike, effective },
    was: { right: meanOf(told.map(rightOf)), cost_usd: meanOf(rows.map(({ one }) => one.cost_usd)) },
    ips: { right: normalised(told, rightOf), cost_usd: normalised(rows, ({ one }) => one.cost_usd) },
    doubly_robust: {
      right: meanOf(told.map((row) => corrected(row, row.target.chance, seen(row).chance, rightOf(row)))),
      cost_usd: meanOf(rows.map((row) => corrected(row, row.target.cost_usd, seen(row).cost_usd, row.one.cost_usd))),
    },
    doubts: doubtsOf(observations.length - rows.length, told.length, effective),
  };
}

interface Row {
  readonly one: Observation;
  readonly target: WhatIfCandidate;
  /** 0: it would have been chosen for otherwise. */
  readonly weight: number;
}

function rightOf({ one }: Row): number {
  return one.right ?? 0;
}

/** Only asked of rows that would have been chosen for alike, or weighed with nothing. */
function seen({ one, target }: Row): WhatIfCandidate {
  return one.candidates.find(({ model }) => model === one.first) ?? target;
}

function corrected({ weight }: Row, expected: number, foreseen: number, was: number): number {
  return expected + weight * (was - foreseen);
}

function effectiveOf(rows: readonly Row[]): number {
  let [sum, squares] = [0, 0];
  for (const { weight } of rows) {
    sum += weight;
    squares += weight * weight;
  }
  return effectiveBy(sum, squares);
}

function meanOf(values: readonly number[]): Guessed {
  if (values.length === 0) return NOTHING;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return around(mean, Math.sqrt(squares / Math.max(1, values.length - 1) / values.length));
}

/** Weighted mean, with its error by the delta method (Owen 2013, 9.2). */
function normalised(rows: readonly Row[], of: (row: Row) => number): Guessed {
  const sum = rows.reduce((total, { weight }) => total + weight, 0);
  if (sum === 0) return NOTHING;
  const mean = rows.reduce((total, row) => total + row.weight * of(row), 0) / sum;
  const squares = rows.reduce((total, row) => total + (row.weight * (of(row) - mean)) ** 2, 0);
  return around(mean, Math.sqrt(squares) / sum);
}

function doubtsOf(left_out: number, told: number, effective: number): readonly string[] {
  const doubts: string[] = [];
  if (left_out > 0) doubts.push(`${left_out} calls are left out: the policy would have had nobody to ask`);
  if (told === 0) doubts.push('nobody has said of any of these calls how right it was');
  else if (effective < EFFECTIVE_MIN) {
    const as_many = effective.toFixed(1);
    doubts.push(
      `of so few calls that were chosen for alike (as good as ${as_many}) little can be said: rely on neither`,
    );
  }
  return doubts;
}
