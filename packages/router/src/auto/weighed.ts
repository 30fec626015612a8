import type { Footprint } from '@atp-router/kernel';
import type { RouteCandidate } from '@atp-router/routing';

/** One who may be asked as routing weighs it, and of what that is made. */
export interface Weighed extends RouteCandidate {
  /** What the time is worth that it takes, and the carbon. */
  readonly beside: NonNullable<RouteCandidate['beside']>;
  /** How long an answer takes, by what was measured, else declared; 0 where neither is known. */
  readonly seconds: number;
  /** What an answer of so many tokens takes, as far as that is known. */
  footprint(out_tokens: number): Footprint;
}
