export type { HistoryFacts } from './facts.ts';
export { type History, playHistory } from './history.ts';
