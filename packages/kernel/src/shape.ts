/** Whether a value that came from elsewhere has the form that it is to have. */
export type Check = (value: unknown) => boolean;

export const isFlag: Check = (value) => typeof value === 'boolean';
export const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value);
/** Not below zero. */
export const isTime: Check = (value) => isNumber(value) && (value as number) >= 0;
export const isWhole: Check = (value) => Number.isSafeInteger(value);
/** Not below zero. */
export const isCount: Check = (value) => isWhole(value) && (value as number) >= 0;

/** A text of so many UTF-16 code units at most. */
export function textOf(max: number, min: number = 0): Check {
  return (value) => typeof value === 'string' && value.length >= min && value.length <= max;
}

export function orNull(check: Check): Check {
  return (value) => value === null || check(value);
}

/** Absent, or as `check` has it. */
export function orAbsent(check: Check): Check {
  return (value) => value === undefined || check(value);
}

export function oneOf(...values: readonly string[]): Check {
  return (value) => typeof value === 'string' && values.includes(value);
}

export function listOf(check: Check, max: number): Check {
  return (value) => Array.isArray(value) && value.length <= max && value.every(check);
}

/**
 * An object whose own members are so; more may be there, from a later version of the same. A member that may be absent is
 * `orAbsent`.
 */
export function shapeOf(members: Readonly<Record<string, Check>>): Check {
  const checks = Object.entries(members);
  return (value) =>
    typeof value === 'object' &&
    value !== null &&
    checks.every(([name, check]) =>
      check(Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined),
    );
}
