import type { FanoutPlan } from '../plan.ts';
import type { Document, Standing, Strategy } from '../strategy.ts';
import type { ReadAnswer } from './lane.ts';
import type { CitationsOf } from './triggers.ts';

/** What a session works with; fixed when it begins. */
export interface SessionParts {
  readonly plan: FanoutPlan;
  readonly strategy: Strategy;
  /** Who decides when an escalation has not helped; undefined: nobody. */
  readonly arbiter: Strategy | undefined;
  readonly standing: Standing;
  readonly documents: readonly Document[];
  readonly read: ReadAnswer;
  readonly citations: CitationsOf;
}
