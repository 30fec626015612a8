export { drawPlan } from './draw-plan.ts';
export { type Plan, FAIR, FAST } from './plan.ts';
export { type HistoryResult, playPlan } from './play.ts';
export { reportOf, shrunkReportOf, tallyOf } from './report.ts';
export { type Shrunk, shrunk } from './shrink.ts';
export { type CreditFacts, type Machines, World } from './world.ts';
