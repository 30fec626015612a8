import type { DayTotal, KeptTotal } from '@atp-router/flow';

/** A day is charged while it lasts, somewhere on earth's clocks that are wrong, and asked for a day later at most. */
export const KEPT_TTL_MS: number = 3 * 86_400_000;

/** A later incarnation of a worker names what those before it used: it takes their place. */
export function fieldOf({ worker, account }: KeptTotal): string {
  return JSON.stringify([worker, account]);
}

export function numbersOf({ incarnation, used }: KeptTotal): string {
  return JSON.stringify([incarnation, used.calls, used.tokens, used.usd_nanos]);
}

/** Undefined: it is not what was put there. */
export function totalOf(field: string, value: string, day: number): KeptTotal | undefined {
  const [names, numbers] = [listOf(field), listOf(value)];
  const [worker, account] = names;
  if (typeof worker !== 'string' || typeof account !== 'string' || names.length !== 2) return undefined;
  if (numbers.length !== 4 || !numbers.every((one) => Number.isSafeInteger(one) && (one as number) >= 0))
    return undefined;
  const [incarnation, calls, tokens, usd_nanos] = numbers as [number, number, number, number];
  const used: DayTotal['used'] = { calls, tokens, usd_nanos };
  return { worker, incarnation, account, day, used };
}

function listOf(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
