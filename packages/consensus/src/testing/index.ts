export { type History, type HistoryFacts, playHistory } from './history.ts';
