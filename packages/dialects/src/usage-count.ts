import type { JsonObject, Usage } from '@atp-router/kernel';

/** A count that its report may leave out; 0 when it is absent, NaN when what stands there is no count of anything. */
export function tokens(o: JsonObject, key: string): number {
  const value = o[key] ?? 0;
  return isCount(value) ? value : Number.NaN;
}

/** A part of another count (cached, reasoning). Without it the whole has its full price, so one that is none is left out. */
export function part(o: JsonObject | undefined, key: string): number {
  const value = o?.[key];
  return isCount(value) ? value : 0;
}

/** Undefined when a count is none: negative, broken or beyond exact integers. Then nothing was reported, and the router counts. */
export function usable(usage: Usage): Usage | undefined {
  return Object.values(usage).every(isCount) ? usage : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && Number.isSafeInteger(value);
}
