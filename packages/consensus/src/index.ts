export type * from './answer.ts';
export { answerKey } from './answer-key.ts';
export type * from './plan.ts';
export * from './session/index.ts';
export * from './strategies/index.ts';
export type * from './strategy.ts';
export { foldText } from './text/fold.ts';
