// Prints what a vitest JSON report says, ending with the line `tests: N passed, M failed`, and exits non-zero unless tests
// ran and all of them passed. A missing report, a file that did not load and a run without tests are failures too: none of
// them may look like success. With `--no-skips` a skipped test fails as well.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const [path = '.cache/vitest.json', ...flags] = process.argv.slice(2);

function readReport() {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    console.log(`no test report: ${error.message}`);
    return { numPassedTests: 0, numFailedTests: 0, success: false, testResults: [] };
  }
}

const report = readReport();
const tests = report.testResults.flatMap((file) =>
  file.assertionResults.map((test) => ({ ...test, file: relative('.', file.name) })),
);
const skipped = tests.filter(({ status }) => status !== 'passed' && status !== 'failed');
// A file that fails to load has no assertion to count.
const broken = report.testResults.filter(
  (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
);
for (const test of tests.filter(({ status }) => status === 'failed'))
  console.log(`failed: ${test.file}: ${test.fullName}`);
for (const file of broken) console.log(`failed: ${relative('.', file.name)}: ${file.message}`);
for (const test of skipped) console.log(`skipped: ${test.file}: ${test.fullName}`);

const passed = report.numPassedTests;
const failed = report.numFailedTests + broken.length;
console.log(`tests: ${passed} passed, ${failed} failed`);
const skipsFail = flags.includes('--no-skips') && skipped.length > 0;
process.exitCode = passed > 0 && failed === 0 && report.success && !skipsFail ? 0 : 1;
