export type * from './answer.ts';
export type * from './plan.ts';
export type * from './strategy.ts';
export * from './voting/index.ts';
