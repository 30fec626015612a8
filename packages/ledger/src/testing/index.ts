export * from './stored.ts';
export * from './streams.ts';
