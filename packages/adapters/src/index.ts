export * from './clock.ts';
export * from './config/index.ts';
export * from './http/index.ts';
export * from './journal/index.ts';
export * from './observe/index.ts';
