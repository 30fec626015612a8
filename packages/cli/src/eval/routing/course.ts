import { seededRng } from '@atp-router/kernel';
import type { Outcome, RouteCase } from './cases.ts';

/**
 * What happens to one model in the middle of a stream. `worse`: of what it had right, half is wrong; `cheaper`: it costs half; `new`: it may
 * be asked from there on only.
 */
export const CHANGES = ['worse', 'cheaper', 'new'] as const;

export interface Change {
  readonly kind: (typeof CHANGES)[number];
  readonly model: string;
}

/** Prompts of a stream as they are before the change, and from the middle of it on. */
export interface Course {
  readonly before: readonly RouteCase[];
  readonly after: readonly RouteCase[];
}

/** The same answers are lost in each order. */
const LOST_SEED = 11;
const LOST_SHARE = 0.5;
/** An answer that nobody else gives. */
const LOST_KEY = '\u0000lost';

/** `place`: of the model that changes. */
export function courseOf(cases: readonly RouteCase[], kind: Change['kind'], place: number): Course {
  const rng = seededRng(LOST_SEED);
  const with_outcome = (one: RouteCase, made: (outcome: Outcome) => Outcome | undefined): RouteCase => ({
    ...one,
    outcomes: one.outcomes.map((outcome, i) => (i === place && outcome !== undefined ? made(outcome) : outcome)),
  });
  if (kind === 'new') return { before: cases.map((one) => with_outcome(one, () => undefined)), after: cases };
  const made = kind === 'worse' ? (outcome: Outcome) => (rng.next() < LOST_SHARE ? lost(outcome) : outcome) : halved;
  return { before: cases, after: cases.map((one) => with_outcome(one, made)) };
}

function lost(outcome: Outcome): Outcome {
  return outcome.right === 0 ? outcome : { ...outcome, right: 0, key: outcome.key && LOST_KEY };
}

function halved({ in_usd, out_usd_per_token, cost_usd, ...outcome }: Outcome): Outcome {
  return { ...outcome, in_usd: in_usd / 2, out_usd_per_token: out_usd_per_token / 2, cost_usd: cost_usd / 2 };
}

/** The first place of a stream that lies behind the change. */
export function middleOf(order: readonly unknown[]): number {
  return Math.ceil(order.length / 2);
}
