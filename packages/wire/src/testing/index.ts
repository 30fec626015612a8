export * from './fuzz.ts';
export * from './mutate.ts';
export * from './sample.ts';
