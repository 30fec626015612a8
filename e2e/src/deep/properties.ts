import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Part } from './part.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const FACTOR = 20;
const SHORT_FACTOR = 2;
/** What a report of some hundred tests needs. */
const OUTPUT_BYTES_MAX = 64 * 1_048_576;

interface VitestReport {
  readonly numTotalTests: number;
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** Tests that use fast-check, or read `ATP_DEEP` themselves. */
function propertyTests(): string[] {
  const files = readdirSync(join(ROOT, 'packages'), { recursive: true, encoding: 'utf8' });
  const tests = files.filter((file) => /^[^/]+\/test\/.*\.test\.ts$/.test(file)).map((file) => join('packages', file));
  return tests.filter((file) => /\bfc\.(assert|property)|ATP_DEEP/.test(readFileSync(join(ROOT, file), 'utf8'))).sort();
}

function run(files: readonly string[], env: Record<string, string>): Promise<VitestReport> {
  const dir = mkdtempSync(join(tmpdir(), 'atp-properties-'));
  const report = join(dir, 'report.json');
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const config = fileURLToPath(new URL('./properties/vitest.config.ts', import.meta.url));
  const args = [vitest, 'run', '--config', config, '--reporter=json', `--outputFile=${report}`, ...files];
  const options = { cwd: ROOT, env: { ...process.env, ...env }, maxBuffer: OUTPUT_BYTES_MAX };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, options, (error, _stdout, stderr) => {
      try {
        resolve(JSON.parse(readFileSync(report, 'utf8')) as VitestReport);
      } catch {
        reject(new Error(`vitest wrote no report: ${error?.message ?? ''}\n${stderr.slice(-2_000)}`));
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    });
  });
}

/** Property tests and simulated histories with more runs and other seeds than every day. */
export const properties: Part = async ({ seed, short, say }) => {
  const files = propertyTests();
  const factor = short ? SHORT_FACTOR : FACTOR;
  say(`${files.length} files, ${factor} times the runs`);
  const env = {
    ATP_DEEP_FACTOR: String(factor),
    ATP_DEEP_SEED: String(seed),
    ...(short ? {} : { ATP_DEEP: '1' }),
  };
  const report = await run(files, env);
  const failed = report.testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter((one) => one.status !== 'passed').map((one) => `${one.fullName}: ${one.status}`),
  );
  return {
    facts: [
      ['files', String(files.length)],
      ['tests', String(report.numTotalTests)],
      ['passed', String(report.numPassedTests)],
      ['runs of each property', `${factor} times those of npm test, seeds moved by ${seed}`],
    ],
    problems: report.numTotalTests === 0 ? ['no test ran'] : failed,
  };
};
