import { drawPlan } from './draw-plan.ts';
import type { Plan } from './plan.ts';
import { playPlan } from './play.ts';
import type { Machines } from './scene.ts';

export interface Shrunk {
  readonly plan: Plan;
  /** Events of the history that was drawn. */
  readonly before: number;
  readonly problems: readonly string[];
}

/** Histories to try at most: some seconds. */
const TRIES_MAX = 600;

/** The history of a seed with as few events as still break a rule: leaves out halves, then quarters, then single ones. */
export function shrunk(seed: number, machines: Machines = {}): Shrunk {
  let plan = drawPlan(seed);
  const before = plan.events.length;
  let { problems } = playPlan(plan, machines);
  let tries = 0;
  for (
    let size = Math.ceil(before / 2);
    size >= 1 && problems.length > 0;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < plan.events.length && tries < TRIES_MAX; tries += 1) {
      const fewer = { ...plan, events: [...plan.events.slice(0, at), ...plan.events.slice(at + size)] };
      const result = playPlan(fewer, machines);
      if (result.problems.length === 0) at += size;
      else {
        plan = fewer;
        problems = result.problems;
      }
    }
  }
  return { plan, before, problems };
}
