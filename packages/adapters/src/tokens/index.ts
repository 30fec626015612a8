export { type TokenCounterWorker, tokenCounterWorker } from './token-counter.ts';
