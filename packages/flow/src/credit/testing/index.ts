export { drawPlan } from './draw-plan.ts';
export { type ManyResult, playMany } from './many.ts';
export { type HistoryResult, playPlan } from './play.ts';
export { reportOf, shrunkReportOf, tallyOf } from './report.ts';
export type { CreditFacts, Machines } from './scene.ts';
export { type Shrunk, shrunk } from './shrink.ts';
