import { clip } from '@atp-router/kernel';
import type { Finding, LaneAnswer } from '../answer.ts';
import type { Reconciled, Verdict, View } from '../strategy.ts';
import { answersOf, isChallenger } from './voices.ts';

/** Lines of reasons and of uncertainties in a result, and characters of each: records keep them. */
const LINES_MAX = 24;
const LINE_MAX = 400;

/** A lane and what it carries of a result, in any unit. */
export type Carrier = readonly [lane: number, weight: number];

/** What a strategy says of its result; the rest follows. */
export interface Draft {
  readonly text: string;
  readonly lane?: number | undefined;
  readonly findings?: readonly Finding[] | undefined;
  readonly agreement: number;
  readonly confidence: number;
  readonly uncertainties?: readonly string[];
  readonly why: readonly string[];
  readonly carriers: readonly Carrier[];
}

/** A result within all bounds; what is uncertain about any (lanes without an answer, or with part of one) is added. */
export function resultOf(view: View, draft: Draft): Reconciled {
  return {
    text: draft.text,
    lane: draft.lane,
    findings: draft.findings,
    agreement: unit(draft.agreement),
    confidence: unit(draft.confidence),
    uncertainties: lines([...(draft.uncertainties ?? []), ...gapsOf(view)]),
    why: lines(draft.why),
    shares: sharesOf(draft.carriers),
  };
}

/** Takes one answer word for word. */
export function answerResult(
  view: View,
  answer: LaneAnswer,
  draft: Omit<Draft, 'text' | 'lane' | 'findings'>,
): Reconciled {
  return resultOf(view, { ...draft, text: answer.text, lane: answer.lane, findings: answer.findings });
}

/** The same result, with more to say about it. */
export function noted(result: Reconciled, why: readonly string[], uncertainties: readonly string[] = []): Reconciled {
  return {
    ...result,
    why: lines([...why, ...result.why]),
    uncertainties: lines([...uncertainties, ...result.uncertainties]),
  };
}

/**
 * What becomes of a result while lanes are open: it is told when it is safe, when the strategy has what it wants
 * (`is_enough`), when it is as sure as the plan asks for, or when nobody is waited for.
 */
export function verdictOf(view: View, result: Reconciled, is_safe: boolean, is_enough: boolean = false): Verdict {
  const { plan, standing, is_last } = view;
  if (is_safe || !isAnyOpen(view)) return { kind: 'done', result, is_safe: true };
  const { tau_final } = plan;
  const is_sure = tau_final !== undefined && standing.calibrated(plan.strategy.kind, result.confidence) >= tau_final;
  return is_last || is_enough || is_sure ? { kind: 'done', result, is_safe: false } : { kind: 'wait' };
}

/** Nothing that it could come to now would be told: so it need not be worked out with each answer, only once with the last. */
export function isWaited(view: View): boolean {
  return !view.is_last && view.plan.tau_final === undefined && isAnyOpen(view);
}

/** When nobody has said anything that can be used. */
export function nothing(view: View): Verdict {
  return view.is_last || !isAnyOpen(view) ? { kind: 'none', why: 'no lane has given an answer' } : { kind: 'wait' };
}

/** Whether a lane may still answer whose answer counts. */
export function isAnyOpen(view: View): boolean {
  return view.open.some(({ lane }) => !isChallenger(view, lane));
}

/** `2 lanes`, `1 lane`. */
export function counted(n: number, noun: string): string {
  return n === 1 ? `1 ${noun}` : `${n} ${noun}s`;
}

/** Two digits after the point, the same everywhere. */
export function rounded(value: number): string {
  return value.toFixed(2);
}

export function unit(value: number): number {
  return Number.isNaN(value) ? 0 : Math.min(1, Math.max(0, value));
}

function lines(texts: readonly string[]): readonly string[] {
  // What agents wrote stands in them: it is not to look like a line of its own.
  const distinct = [...new Set(texts.map((text) => clip(text, LINE_MAX).replaceAll(/\s+/g, ' ')))];
  const kept = distinct.length > LINES_MAX ? distinct.slice(0, LINES_MAX - 1) : distinct;
  const left_out = distinct.length - kept.length;
  return [...kept, ...(left_out > 0 ? [`and ${left_out} more`] : [])];
}

function gapsOf(view: View): readonly string[] {
  const partial = answersOf(view).filter(({ lane, is_partial }) => is_partial && !isChallenger(view, lane));
  const known = new Set([...view.answers, ...view.open].map(({ lane }) => lane));
  const silent = view.plan.members.filter(({ is_challenger }, lane) => !is_challenger && !known.has(lane));
  return [
    ...(silent.length > 0 ? [`${counted(silent.length, 'lane')} gave no answer`] : []),
    ...partial.map(({ lane }) => `the answer of lane ${lane} was cut short`),
  ];
}

/** Scaled so that they sum to 1, in the order of lanes; equal ones where nobody has any weight. */
function sharesOf(carriers: readonly Carrier[]): Reconciled['shares'] {
  const sum = carriers.reduce((total, [, weight]) => total + Math.max(0, weight), 0);
  return carriers
    .map(([lane, weight]) => ({ lane, share: sum > 0 ? unit(weight / sum) : 1 / carriers.length }))
    .sort((a, b) => a.lane - b.lane);
}
