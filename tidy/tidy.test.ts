import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import allowed from './allow.json' with { type: 'json' };
import { RULES } from './rules/index.ts';
import { diskTree, type Finding, memoryTree } from './tree.ts';

// Exceptions are data: rule -> file -> reason. An exception that is no longer needed fails, so the list only shrinks.
const exceptions: Readonly<Record<string, Readonly<Record<string, string>>>> = allowed;
const excepted = (rule: string, path: string): boolean => exceptions[rule]?.[path] !== undefined;
const shown = ({ path, line, message }: Finding): string => `${path}${line > 0 ? `:${line}` : ''} ${message}`;

const tree = diskTree(join(import.meta.dirname, '..'));

describe('the house is tidy', () => {
  test('there is a house to judge', () => {
    expect(tree.files.filter((path) => path.startsWith('packages/')).length).toBeGreaterThan(50);
  });

  test.each(RULES)('$name: $why', (rule) => {
    const findings = rule.check(tree).filter(({ path }) => !excepted(rule.name, path));
    expect(findings.map(shown)).toEqual([]);
  });

  test('every exception is allowed, has a reason and is still needed', () => {
    const wrong = Object.entries(exceptions).flatMap(([name, files]) => {
      const rule = RULES.find((one) => one.name === name);
      if (rule?.allowable !== true) return [`${name} has no exceptions`];
      const found = new Set(rule.check(tree).map(({ path }) => path));
      return Object.entries(files).flatMap(([path, reason]) => [
        ...(found.has(path) ? [] : [`${name}: ${path} does not need its exception`]),
        ...(reason.length >= 20 ? [] : [`${name}: ${path} has no reason worth the name`]),
      ]);
    });
    expect(wrong).toEqual([]);
  });
});

describe('every rule can fail', () => {
  const cases = RULES.flatMap((rule) =>
    rule.planted.map(({ at, files }, index) => ({ name: `${rule.name} ${index}`, rule, at, files })),
  );

  test('and has a planted violation', () => {
    expect(RULES.filter(({ planted }) => planted.length === 0).map(({ name }) => name)).toEqual([]);
    expect(new Set(RULES.map(({ name }) => name)).size).toBe(RULES.length);
  });

  test.each(cases)('$name at $at', ({ rule, at, files }) => {
    expect(rule.check(memoryTree(files)).map(({ path }) => path)).toContain(at);
  });

  test.each(RULES)('and pass: $name', (rule) => {
    expect(rule.check(memoryTree(rule.clean)).map(shown)).toEqual([]);
  });
});
