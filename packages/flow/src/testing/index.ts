export type { Demand } from './records.ts';
export { drawPlan } from './draw-plan.ts';
export { type HistoryResult, playPlan } from './play.ts';
export { type HistoryFacts, reportOf, shrunkReportOf, tallyOf } from './report.ts';
export { type Shrunk, shrunk } from './shrink.ts';
export type { Machines } from './world.ts';
export { Meeting, MEMBER_TTL_MS } from '../cluster/meeting.ts';
