export * from './clock.ts';
export * from './config/index.ts';
export * from './http/index.ts';
