export * from './clock.ts';
export * from './config/index.ts';
export * from './http/index.ts';
export * from './journal/index.ts';
export * from './observe/index.ts';
export * from './secrets/index.ts';
export * from './sim/index.ts';
export * from './tokens/index.ts';
