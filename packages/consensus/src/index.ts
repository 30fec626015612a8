export type * from './answer.ts';
export type * from './plan.ts';
export type * from './strategy.ts';
export { type Bounds, type Split, splitBudget } from './split.ts';
