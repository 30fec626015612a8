/** A provider that does not behave as its description says. */
export class SuiteFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SuiteFailure';
  }
}

const VALUE_CHARS_MAX = 500;

/** Fails with what was seen, shortened. */
export function check(condition: unknown, message: string, seen?: unknown): asserts condition {
  if (condition) return;
  const value = seen === undefined ? '' : ` Seen: ${(JSON.stringify(seen) ?? String(seen)).slice(0, VALUE_CHARS_MAX)}`;
  throw new SuiteFailure(`${message}${value}`);
}
