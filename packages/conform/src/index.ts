export type * from './model.ts';
export { judgeSentence, type RunOptions, runConformance } from './run.ts';
export type * from './sentence.ts';
export { SENTENCES } from './sentences.ts';
