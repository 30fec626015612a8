import { isTime, shapeOf } from '@atp-router/kernel';

/** What one lane, or one mark of feedback, says of its source. Absent: it says nothing of that. */
export interface Observation {
  /** The answer came whole, within its time. Absent for one that nobody waited for. */
  readonly in_time?: boolean | undefined;
  /** It said what the result says; nobody knows whether that is right. */
  readonly agreed?: boolean | undefined;
  /** Part of the result that it carries, 0 to 1, where 1 is an even part of all that answered, or more. */
  readonly share?: number | undefined;
  /** Share of its citations that hold, 0 to 1. */
  readonly evidence?: number | undefined;
  /** Somebody who knows says how right it was, 0 to 1. */
  readonly right?: number | undefined;
}

const FIELDS = [
  'asked',
  'in_time',
  'compared',
  'agreed',
  'carried',
  'shared',
  'checked',
  'evidence',
  'labelled',
  'right',
] as const;

/** Sums of observations, each worth less as time goes by. Two of them are joined by adding. */
export type Tally = Readonly<Record<(typeof FIELDS)[number], number>>;

export const EMPTY: Tally = {
  ...{ asked: 0, in_time: 0, compared: 0, agreed: 0 },
  ...{ carried: 0, shared: 0, checked: 0, evidence: 0, labelled: 0, right: 0 },
};

/** A share is of something; what is above it came from elsewhere, or was damaged. */
const PARTS: readonly (readonly [keyof Tally, keyof Tally])[] = [
  ['in_time', 'asked'],
  ['agreed', 'compared'],
  ['shared', 'carried'],
  ['evidence', 'checked'],
  ['right', 'labelled'],
];
/** Sums are rounded after decay, so a part may pass its whole by a little. */
const SLACK = 1e-9;

export function isTally(value: unknown): value is Tally {
  const isSums = shapeOf(Object.fromEntries(FIELDS.map((field) => [field, isTime])));
  if (!isSums(value)) return false;
  const tally = value as Tally;
  return PARTS.every(([part, whole]) => tally[part] <= tally[whole] * (1 + SLACK) + SLACK);
}

export function tallyOf({ in_time, agreed, share, evidence, right }: Observation): Tally {
  return {
    asked: in_time === undefined ? 0 : 1,
    in_time: in_time === true ? 1 : 0,
    compared: agreed === undefined ? 0 : 1,
    agreed: agreed === true ? 1 : 0,
    carried: share === undefined ? 0 : 1,
    shared: unit(share ?? 0),
    checked: evidence === undefined ? 0 : 1,
    evidence: unit(evidence ?? 0),
    labelled: right === undefined ? 0 : 1,
    right: unit(right ?? 0),
  };
}

export function plus(a: Tally, b: Tally): Tally {
  return mapped((field) => a[field] + b[field]);
}

export function times(a: Tally, factor: number): Tally {
  return mapped((field) => a[field] * factor);
}

/** How much it is about at all. */
export function weightOf({ asked, compared, carried, checked, labelled }: Tally): number {
  return Math.max(asked, compared, carried, checked, labelled);
}

function mapped(value: (field: keyof Tally) => number): Tally {
  return Object.fromEntries(FIELDS.map((field) => [field, value(field)])) as Record<keyof Tally, number>;
}

function unit(value: number): number {
  return Number.isNaN(value) ? 0 : Math.min(1, Math.max(0, value));
}
