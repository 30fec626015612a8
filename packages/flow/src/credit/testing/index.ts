export { drawPlan } from './draw-plan.ts';
export { type HistoryResult, playPlan } from './play.ts';
export { reportOf, shrunkReportOf, tallyOf } from './report.ts';
export type { CreditFacts, Machines } from './scene.ts';
export { type Shrunk, shrunk } from './shrink.ts';
