import { shrinkEvents } from '@atp-router/kernel/testing';
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

/** The history of a seed with as few events as still break a rule. */
export function shrunk(seed: number, machines: Machines = {}): Shrunk {
  const drawn = drawPlan(seed);
  const play = (events: Plan['events']): readonly string[] => playPlan({ ...drawn, events }, machines).problems;
  const { events, problems } = shrinkEvents(drawn.events, play, TRIES_MAX);
  return { plan: { ...drawn, events }, before: drawn.events.length, problems };
}
