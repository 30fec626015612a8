import { expect, test } from 'vitest';
import type { PartResult } from '../src/deep/part.ts';
import { renderReport } from '../src/deep/report.ts';

const part = (name: string, commit: string, problems: readonly string[] = []): PartResult => ({
  ...{ name, command: `npm run verify:deep -- --only ${name}`, commit, seconds: 1, facts: [['runs', '2']], problems },
});

test('parts that were run again take their places in the report of the day', () => {
  const first = renderReport('2026-01-01', 'all', [part('properties', 'aaa', ['seed 1']), part('kills', 'aaa')]);
  expect(first).toContain('Failed: properties.');
  const second = renderReport('2026-01-01', 'some', [part('properties', 'bbb')], first);
  expect(second).toContain('All passed.');
  expect(second).not.toContain('seed 1');
  expect(second.match(/^## .*/gm)).toEqual(['## properties: passed', '## kills: passed']);
  expect(second.match(/ at [ab]{3}/g)).toEqual([' at bbb', ' at aaa']);
  // One that fails again is told again.
  expect(renderReport('2026-01-01', 'some', [part('kills', 'ccc', ['x'])], second)).toContain('Failed: kills.');
});
