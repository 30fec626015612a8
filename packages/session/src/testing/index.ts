export { drawPlan } from './draw-plan.ts';
export type * from './machine.ts';
export type * from './plan.ts';
export { type HistoryResult, playPlan } from './play.ts';
export * from './report.ts';
export { sessionMachines } from './session-machine.ts';
export { type Shrunk, shrunk } from './shrink.ts';
export type { WorldOptions } from './world.ts';
