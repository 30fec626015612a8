import type { FanoutPlan } from '../plan.ts';
import type { Document, Standing, Strategy } from '../strategy.ts';
import type { ReadAnswer } from './lane.ts';

/** What a session works with; fixed when it begins. */
export interface SessionParts {
  readonly plan: FanoutPlan;
  readonly strategy: Strategy;
  /** Who decides when an escalation has not helped; undefined: nobody. */
  readonly arbiter: Strategy | undefined;
  readonly standing: Standing;
  readonly documents: readonly Document[];
  readonly read: ReadAnswer;
  /** Share of good citations of a text, 0 to 1; undefined where it cites nothing. */
  citations(text: string, documents: readonly Document[]): number | undefined;
}
