import { shrinkEvents } from '@atp-router/kernel/testing';
import { drawPlan } from './draw-plan.ts';
import type { Plan, PlannedEvent } from './plan.ts';
import { playPlan } from './play.ts';
import type { Machines } from './world.ts';

export interface Shrunk {
  readonly plan: Plan;
  /** Events of the history that was drawn. */
  readonly before: number;
  readonly problems: readonly string[];
}

/** The history of a seed with as few events as still break the same rule. */
export function shrunk(seed: number, machines: Machines = {}): Shrunk {
  const { setting, opening, events: later } = drawPlan(seed);
  const planOf = (events: readonly PlannedEvent[]): Plan => ({ seed, setting, opening: [], events });
  const drawn: readonly PlannedEvent[] = [...opening, ...later];
  const { events, problems } = shrinkEvents(
    drawn,
    (some) => playPlan(planOf(some), machines).problems,
    Number.POSITIVE_INFINITY,
    (broken, first) => ruleOf(broken) === ruleOf(first),
  );
  return { plan: planOf(events), before: drawn.length, problems };
}

/** What was broken, without numbers and names: a smaller history has others. */
function ruleOf([first = '']: readonly string[]): string {
  return first.replaceAll(/\d+|\([^)]*\)| at \S+/g, '');
}
