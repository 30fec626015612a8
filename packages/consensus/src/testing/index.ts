export type { HistoryFacts } from './facts.ts';
export { type History, playHistory } from './history.ts';
export { reportOf, tallyOf } from './report.ts';
