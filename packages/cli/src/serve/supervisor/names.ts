import type { ChildName } from './types.ts';

export function workerName(n: number): ChildName {
  return `worker:${n}`;
}

/** `undefined` for the owner. */
export function workerNumber(name: ChildName): number | undefined {
  return name === 'owner' ? undefined : Number(name.slice('worker:'.length));
}
