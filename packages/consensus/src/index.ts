export type * from './answer.ts';
export type * from './plan.ts';
export * from './session/index.ts';
export type * from './strategy.ts';
export { answerKey } from './answer-key.ts';
export { foldText } from './text/fold.ts';
