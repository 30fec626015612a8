export * from './backoff.ts';
export * from './machine.ts';
export * from './stage-chain-run.ts';
export * from './stage-chain.ts';
export * from './stages.ts';
export * from './types.ts';
