import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

// CI believes this script, so each way in which a run can be bad has to make it fail.
const script = join(import.meta.dirname, '../scripts/test-summary.mjs');
const folder = mkdtempSync(join(tmpdir(), 'summary-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (...statuses: readonly string[]): object => ({
  name: 'a.test.ts',
  status: statuses.includes('failed') ? 'failed' : 'passed',
  assertionResults: statuses.map((status, index) => ({ status, fullName: `case ${index}` })),
});
const broken = { name: 'b.test.ts', status: 'failed', message: 'does not load', assertionResults: [] };

function summarize(
  testResults: readonly object[] | undefined,
  ...flags: readonly string[]
): { last: string; code: number | null } {
  const path = join(folder, 'report.json');
  rmSync(path, { force: true });
  if (testResults !== undefined) {
    const statuses = testResults.flatMap((one) => (one as { assertionResults: { status: string }[] }).assertionResults);
    const count = (wanted: string): number => statuses.filter(({ status }) => status === wanted).length;
    const success =
      testResults.every((one) => (one as { status: string }).status === 'passed') && testResults.length > 0;
    const totals = { numPassedTests: count('passed'), numFailedTests: count('failed'), success };
    writeFileSync(path, JSON.stringify({ ...totals, testResults }));
  }
  const { stdout, status } = spawnSync(process.execPath, [script, path, ...flags], { encoding: 'utf8' });
  return { last: stdout.trimEnd().split('\n').at(-1) ?? '', code: status };
}

test.each([
  { name: 'all passed', results: [file('passed', 'passed')], flags: [], last: 'tests: 2 passed, 0 failed', code: 0 },
  { name: 'one failed', results: [file('passed', 'failed')], flags: [], last: 'tests: 1 passed, 1 failed', code: 1 },
  {
    name: 'a file did not load',
    results: [file('passed'), broken],
    flags: [],
    last: 'tests: 1 passed, 1 failed',
    code: 1,
  },
  { name: 'nothing ran', results: [], flags: [], last: 'tests: 0 passed, 0 failed', code: 1 },
  { name: 'no report', results: undefined, flags: [], last: 'tests: 0 passed, 0 failed', code: 1 },
  {
    name: 'skipped, allowed',
    results: [file('passed', 'pending')],
    flags: [],
    last: 'tests: 1 passed, 0 failed',
    code: 0,
  },
  {
    name: 'skipped, refused',
    results: [file('passed', 'pending')],
    flags: ['--no-skips'],
    last: 'tests: 1 passed, 0 failed',
    code: 1,
  },
])('the summary of a run in which $name', ({ results, flags, last, code }) => {
  expect(summarize(results, ...flags)).toEqual({ last, code });
});

// Where services can be installed everything else can be had, too: what is missing then must not go by in silence.
test('CI allows tests to be skipped only where services are missing', () => {
  const text = readFileSync(join(import.meta.dirname, '../.ci/run'), 'utf8');
  const set = [...text.matchAll(/^.*summary_flags=.*$/gm)].map(([line]) => line);
  expect(set).toEqual([
    'summary_flags=()',
    "if scripts/install-services.sh; then summary_flags=(--no-skips); else echo 'tests that need them will be skipped'; fi",
  ]);
});
