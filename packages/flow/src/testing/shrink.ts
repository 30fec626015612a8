import { drawPlan } from './draw-plan.ts';
import type { Plan, PlannedEvent } from './plan.ts';
import { type HistoryResult, playPlan } from './play.ts';
import type { Machines } from './world.ts';

export interface Shrunk {
  readonly plan: Plan;
  /** Events of the history that was drawn. */
  readonly before: number;
  readonly problems: readonly string[];
}

/** The history of a seed with as few events as still break the same rule: leaves out halves, then quarters, then single ones. */
export function shrunk(seed: number, machines: Machines = {}): Shrunk {
  const drawn = drawPlan(seed);
  const { setting } = drawn;
  const planOf = (events: readonly PlannedEvent[]): Plan => ({ seed, setting, opening: [], events });
  const play = (events: readonly PlannedEvent[]): HistoryResult => playPlan(planOf(events), machines);
  let events: readonly PlannedEvent[] = [...drawn.opening, ...drawn.events];
  const before = events.length;
  let { problems } = play(events);
  const rule = ruleOf(problems);
  for (let size = before; size >= 1 && problems.length > 0; size = Math.floor(size / 2)) {
    for (let at = 0; at < events.length; ) {
      const fewer = [...events.slice(0, at), ...events.slice(at + size)];
      const result = play(fewer);
      if (result.problems.length === 0 || ruleOf(result.problems) !== rule) at += size;
      else {
        events = fewer;
        problems = result.problems;
      }
    }
  }
  return { plan: planOf(events), before, problems };
}

/** What was broken, without numbers and names: a smaller history has others. */
function ruleOf([first = '']: readonly string[]): string {
  return first.replaceAll(/\d+|\([^)]*\)| at \S+/g, '');
}
