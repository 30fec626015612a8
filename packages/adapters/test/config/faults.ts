import { describe, expect, test } from 'vitest';
import { problems } from './support.ts';

/** A faulty file and what must be said about it. */
export interface Case {
  readonly why: string;
  readonly text: string;
  /** `line:column path` of each problem, in the order of the file. */
  readonly at: readonly string[];
  /** What the first problem says. */
  readonly message: RegExp;
  readonly suggestion?: string;
  readonly got?: string;
}

export function testFaults(group: string, cases: readonly Case[]): void {
  describe(group, () => {
    test.each(cases)('$why', ({ text, at, message, suggestion, got }) => {
      const found = problems(text);
      expect(found.map((problem) => `${problem.line}:${problem.column} ${problem.path}`)).toEqual(at);
      expect(found[0]?.message).toMatch(message);
      expect(found.every((problem) => problem.expected !== '')).toBe(true);
      expect(found[0]?.suggestion).toBe(suggestion);
      if (got !== undefined) expect(found[0]?.got).toBe(got);
    });
  });
}
